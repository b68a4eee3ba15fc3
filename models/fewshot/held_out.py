"""Evaluation within a training: on validation classes after each epoch, on test classes at the end."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torch import nn

from models.fewshot.augmentation.names import QUARTER_TURNS
from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluators import evaluator_of
from models.fewshot.statistics import estimate
from models.progress import Progress

VALIDATION_ACCURACY = "validation_accuracy"
"""The name of the figure by which epochs are chosen."""

SHOTS = (1, 5)
"""Support images of a class in the evaluations of a run and in the tables."""

_MOST_QUERIES = 15
_VALIDATION_SEED, _TEST_SEED = 1, 2


class EpisodeValidation:
    """Accuracy on episodes of validation classes, shaped as those of training."""

    def __init__(self, config: FewShotConfig, data: FewShotData) -> None:
        self.config = config
        self.data = data

    def __call__(self, network: nn.Module) -> Mapping[str, float]:
        evaluator = evaluator_of(self.config, network, self.data, "val")
        accuracies = evaluator.accuracies(_validation(self.config, self.data), self.config.validation_episodes)
        return {VALIDATION_ACCURACY: float(accuracies.mean())}


def check_held_out(config: FewShotConfig, data: FewShotData) -> None:
    """Raises ValueError if validation or test has too few classes, or a class of it too few images."""
    if config.validation_episodes and "val" in data.splits:
        _validation(config, data)
    _tests(config, data)


def summary(config: FewShotConfig, data: FewShotData, network: nn.Module, progress: Progress) -> dict[str, Any]:
    """What a run was and how it does on test classes, as plain JSON values."""
    evaluator = evaluator_of(config, network, data, "test")
    evaluations = []
    for episodes in _tests(config, data):
        accuracies = evaluator.accuracies(episodes, config.test_episodes, progress)
        evaluations.append(
            asdict(episodes.shape)
            | {"head": config.head_name, "batch_norm": evaluator.batch_norm, "episodes": config.test_episodes}
            | {"episode_digest": episodes.digest(config.test_episodes)}
            | estimate(accuracies).record
        )
    return {
        "data": data.name,
        "classes": {split: len(classes.names) for split, classes in data.splits.items()},
        **_with_and_without_turned(config, data),
        "training_classes": list(data.split("train").class_digests),
        "mean": list(data.mean),
        "std": list(data.std),
        "evaluations": evaluations,
    }


def _with_and_without_turned(config: FewShotConfig, data: FewShotData) -> dict[str, dict[str, int]]:
    """The number of classes in each split, with turned ones, of the data set or made in training, and without them."""
    with_turned = {split: len(classes.names) for split, classes in data.splits.items()}
    if config.augmentation.turns_classes:
        with_turned["train"] *= QUARTER_TURNS
    without = {split: classes.is_turned.count(False) for split, classes in data.splits.items()}
    return {"classes_with_turned": with_turned, "classes_without_turned": without}


def held_out_shapes(data: FewShotData, split: str, way: int) -> list[EpisodeShape]:
    """Episodes of 1 and 5 shots, as far as every class has images for them, with 15 queries or as many as are left.

    One shot stays where a class has no second image, so that drawing the episodes refuses it by name.
    """
    fewest = min(data.split(split).counts)
    shots = [shot for shot in SHOTS if fewest > shot] or SHOTS[:1]
    return [EpisodeShape(way, shot, max(1, min(_MOST_QUERIES, fewest - shot))) for shot in shots]


def _validation(config: FewShotConfig, data: FewShotData) -> Episodes:
    return Episodes(data, "val", EpisodeShape(config.way, config.shot, config.query), _VALIDATION_SEED)


def _tests(config: FewShotConfig, data: FewShotData) -> list[Episodes]:
    """The episodes of the evaluation at the end."""
    return [Episodes(data, "test", shape, _TEST_SEED) for shape in held_out_shapes(data, "test", config.way)]
