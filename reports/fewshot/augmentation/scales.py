"""The sizes at which the tables of chapter 6 are trained."""

from reports.fewshot.scales import Scale

AUGMENTED_SCALES = {
    "small": Scale(
        name="small",
        widths={"cnn4": 16, "resnet12": 8, "64x4": 16},
        common={"shot": 1, "query": 5, "tasks": 8, "batches": 50, "epochs": 10, "snapshots": 1}
        | {"validation_episodes": 100, "test_episodes": 20},
        # An episode has up to 15 ways, three times as many images as of other learners.
        learners={"ridge": {}, "svm": {}, "prototype": {}, "mct": {"tasks": 4}},
        episodes=2000,
        training_classes=64,
        images=600,
        side=16,
    ),
    "paper": Scale(
        name="paper",
        widths={},
        common={"shot": 5, "query": 6, "tasks": 8, "batches": 1000, "epochs": 60, "snapshots": 10}
        | {"schedule": "drops", "standard": True, "validation_episodes": 2000, "test_episodes": 1000},
        learners={"ridge": {}, "svm": {}, "prototype": {}, "mct": {"tasks": 1, "epochs": 50}},
        episodes=1000,
        shots={"mini-ImageNet": 15},
    ),
}
"""The scales by name. `small`: chosen by time alone; no standard augmentation, since flips and jitter spoil characters
and drawings. `paper`: dissertation 6.6.3."""
