"""What is measured of a trained network besides its accuracy, by name."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from models.fewshot.measurement import class_separation
from reports.fewshot.networks import Part
from reports.fewshot.trained import Trained

_PAIR_SEED = 0


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


PARTS: Mapping[Part, Callable[[Trained], dict[str, Any]]] = {"separation": _separation, "validation": _validation}
"""Entries of a network's record, as plain JSON values."""
