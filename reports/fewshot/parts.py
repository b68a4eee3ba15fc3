"""What is measured of a trained network besides its accuracy, by name."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from models.fewshot.augmentation.pool_log import read_pool_log
from models.fewshot.episodes import Episodes
from models.fewshot.evaluators import evaluator_of
from models.fewshot.held_out import held_out_shapes
from models.fewshot.measurement import class_separation
from models.fewshot.reduced import with_images
from models.fewshot.snapshots import load_snapshots
from models.training.metrics import MetricLog
from models.training.run import RunFolder
from reports.fewshot.networks import Part
from reports.fewshot.trained import EPISODE_SEED, Trained

_PAIR_SEED = 0
_CURVE_IMAGES, _CURVE_EPISODES = 100, 500  # images of a class, so that curves take little time


def _separation(trained: Trained) -> dict[str, Any]:
    """R_FC and R_HV of training and of test classes."""
    return {
        "separation": {
            split: _of_pairs(trained.features(split), trained.data.split(split).counts, trained.scale.pairs)
            for split in ("train", "test")
        }
    }


def _of_pairs(features: Tensor, counts: tuple[int, ...], pairs: int) -> dict[str, list[float]]:
    """R_FC and R_HV of every pair of classes, the same pairs for every network."""
    separation = class_separation(features, counts, pairs, _PAIR_SEED)
    return {"R_FC": separation.clusterings.tolist(), "R_HV": separation.variations.tolist()}


def _validation(trained: Trained) -> dict[str, Any]:
    """Accuracy on validation classes, 1-shot, by which a coefficient is chosen."""
    if "val" not in trained.data.splits or "svm" not in trained.heads:
        return {}
    return {"validation": trained.evaluation("val", "svm", trained.shapes("val")[0])}


def _curve(trained: Trained) -> dict[str, Any]:
    """Accuracy of the snapshots on training and on held-out classes, 1-shot, without augmentation.

    Held-out classes are those of validation, or of test if there are none that were not trained on.
    """
    run = trained.run
    few = with_images(trained.data, _CURVE_IMAGES).normalised_by(run.mean, run.std)
    validated = "val" in few.splits and run.config.pools.train_on == "train"
    held_out = "val" if validated else "test"

    def accuracy(network: nn.Module, split: str) -> float:
        episodes = Episodes(few, split, held_out_shapes(few, split, run.config.way)[0], EPISODE_SEED)
        found = evaluator_of(run.config, network, few, split).accuracies(episodes, _CURVE_EPISODES)
        return float(found.mean())

    every, snapshots = run.config.snapshots or 1, load_snapshots(run)
    return {
        "curve": {
            "split": held_out,
            "epochs": [every * number for number in range(1, len(snapshots) + 1)],
            "training": [accuracy(network, "train") for network in snapshots],
            "held_out": [accuracy(network, held_out) for network in snapshots],
        }
    }


def _training(trained: Trained) -> dict[str, Any]:
    """Accuracy on training tasks as they were augmented, by epoch, and what Meta-MaxUp did with its pool."""
    entries = MetricLog(RunFolder(trained.run.folder).metrics, "", 0).entries
    names = [name for name, value in entries[0].items() if isinstance(value, float)]
    means = {name: float(torch.tensor([entry[name] for entry in entries]).mean()) for name in names}
    pool = {name: entry._asdict() for name, entry in read_pool_log(means).items()}
    return {"augmented_accuracy": [entry["accuracy"] for entry in entries], "pool": pool}


PARTS: Mapping[Part, Callable[[Trained], dict[str, Any]]] = {
    "separation": _separation,
    "validation": _validation,
    "curve": _curve,
    "training": _training,
}
"""Entries of a network's record, as plain JSON values."""
