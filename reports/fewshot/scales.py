"""The sizes at which the tables of chapter 5 are trained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.fewshot.config import FewShotConfig
from models.fewshot.pools.settings import PoolSettings


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The size of the networks, the length of their training, the number of test episodes.

    widths: channels of an encoder's first layer; its own where left out. common: settings of every run. learners:
    further ones, by learner. episodes: of an evaluation of frozen features, tuned_episodes: of one by fine-tuning.
    followed_tasks: whose fine-tuning by MAML and Reptile is followed step by step. pairs: of classes, for R_FC and
    R_HV; 0 where nothing is fine-tuned or measured so. training_classes: of drawings; images: of a class; side: of
    images in pixels; None for all and for their own. shots: of training on data sets by name, where a learner's are
    others.
    """

    name: str
    widths: Mapping[str, int]
    common: Mapping[str, Any]
    learners: Mapping[str, Mapping[str, Any]]
    episodes: int
    tuned_episodes: int = 0
    followed_tasks: int = 0
    pairs: int = 0
    training_classes: int | None = None
    images: int | None = None
    side: int | None = None
    shots: Mapping[str, int] = field(default_factory=dict)

    def configured(self, network: Mapping[str, Any], seed: int, ways: int, fewest: int) -> FewShotConfig:
        """A run at this scale.

        network: its own settings. ways: of its episodes. fewest: images of the smallest class, which limits the queries
        of an episode, as pools of images limit shots and queries.
        """
        settings: dict[str, Any] = {"way": ways, **self.common, **self.learners[network["learner"]], **network}
        pools: PoolSettings = settings.get("pools", PoolSettings())
        settings["shot"] = min(settings["shot"], pools.support_pool or settings["shot"])
        queries = min(settings["query"], pools.query_pool or settings["query"])
        settings["query"] = max(1, min(queries, fewest - settings["shot"]))
        return FewShotConfig(seed=seed, width=self.widths.get(settings["encoder"]), **settings)


_FEATURES_SMALL = {"shot": 3, "query": 4}
_ADAPTED_SMALL = {
    "shot": 3,
    "query": 4,
    "inner_steps": 5,
    "fine_tuning_steps": 10,
    "validation_episodes": 40,
    "way_through_tasks": "loop",
}

SCALES = {
    "small": Scale(
        name="small",
        widths={"cnn4": 16, "resnet12": 8, "4x32": 16, "64x4": 16},
        common={"tasks": 4, "batches": 100, "epochs": 6, "validation_episodes": 200, "test_episodes": 20},
        learners={
            "ridge": _FEATURES_SMALL,
            "svm": _FEATURES_SMALL,
            "prototype": _FEATURES_SMALL,
            "classical": _FEATURES_SMALL,
            "maml": _ADAPTED_SMALL,
            "fomaml": _ADAPTED_SMALL,
            "reptile": _ADAPTED_SMALL | {"shot": 6, "query": 1, "inner_steps": 8, "fine_tuning_steps": 20},
        },
        episodes=1000,
        tuned_episodes=300,
        followed_tasks=1000,
        pairs=2000,
        training_classes=64,
    ),
    "paper": Scale(
        name="paper",
        widths={},
        common={"query": 15, "validation_episodes": 1000, "test_episodes": 1000},
        learners={
            "ridge": {"shot": 5, "query": 6, "tasks": 8, "batches": 1000, "epochs": 60},
            "svm": {"shot": 5, "query": 6, "tasks": 8, "batches": 1000, "epochs": 60, "schedule": "steps"},
            "prototype": {"shot": 5, "query": 6, "tasks": 8, "batches": 1000, "epochs": 60},
            # Batches of 130 images for the text's 128, and as many as 64 classes of 600 images make in an epoch.
            "classical": {"shot": 1, "query": 1, "tasks": 13, "batches": 300, "epochs": 300, "schedule": "steps"},
            "maml": {"shot": 5, "tasks": 4, "batches": 1000, "epochs": 60},
            "fomaml": {"shot": 5, "tasks": 5, "batches": 1000, "epochs": 100}
            | {"inner_steps": 8, "fine_tuning_steps": 50},
            "reptile": {"shot": 15, "query": 1, "tasks": 5, "batches": 1000, "epochs": 100}
            | {"inner_steps": 8, "inner_rate": 2.2e-4, "fine_tuning_steps": 88},
        },
        episodes=10_000,
        tuned_episodes=10_000,
        followed_tasks=1000,
        pairs=10_000,
    ),
}
"""The scales by name: `small` takes about half an hour a seed on two cores, `paper` is the dissertation's recipe."""
