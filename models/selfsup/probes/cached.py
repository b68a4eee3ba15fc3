"""Probes of features that are computed once: logistic regression and nearest neighbours."""

from typing import Any

from torch import Tensor, nn

from models.progress import Progress
from models.selfsup.probes.features import all_of, outputs_of
from models.selfsup.probes.images import ProbeData
from models.selfsup.probes.labels import validation_part
from models.selfsup.probes.logistic import L2_GRID, LogisticRegression, Standardisation, fit_path
from models.selfsup.probes.nearest import TEMPERATURE, nearest_neighbours

_SEARCH_ITERATIONS = 100


class CachedFeatures:
    """The features of all training and test images of a data set by one network: (images, d), float32.

    They are computed when first asked for, and serve all probes and label fractions.
    """

    def __init__(self, encoder: nn.Module, data: ProbeData, progress: Progress) -> None:
        self._encoder, self._data, self._progress = encoder, data, progress
        self._found: dict[str, Tensor] = {}

    @property
    def train(self) -> Tensor:
        """Of the training images."""
        return self._of("training images", "train")

    @property
    def test(self) -> Tensor:
        """Of the test images."""
        return self._of("test images", "test")

    def _of(self, title: str, split: str) -> Tensor:
        if split not in self._found:
            images = getattr(self._data, split)
            title = f"features of the {title} of {self._data.name}"
            self._found[split] = outputs_of(self._encoder, images, all_of(images), self._progress, title)
        return self._found[split]


def probe_cached(
    features: CachedFeatures, data: ProbeData, chosen: Tensor, l2: float | None, seed: int
) -> tuple[Tensor, dict[str, Any]]:
    """Logistic regression on standardised features: probabilities (test images, classes), and its record.

    chosen: the labelled images, whose mean and deviation standardise. l2: the penalty; None for the best of `L2_GRID`
    on a validation part. Raises ValueError if a class has too few labels for one.
    """
    labels = data.train.labels
    scale = Standardisation.of(features.train[chosen])
    inputs = scale(features.train)
    classes = len(data.classes)
    record: dict[str, Any] = {}
    if l2 is None:
        training, validation = validation_part(labels, chosen, seed, data.classes)
        device = inputs.device
        path = fit_path(inputs[training], labels[training].to(device), classes, L2_GRID, _SEARCH_ITERATIONS)
        right = [_accuracy(one, inputs[validation], labels[validation].to(device)) for one in path]
        best = max(range(len(path)), key=right.__getitem__)
        l2 = L2_GRID[best]
        tried = [{"l2": one, "validation_top1": share} for one, share in zip(L2_GRID, right, strict=True)]
        record["search"] = {"validation_images": len(validation), "tried": tried}
    stronger = [one for one in L2_GRID if one > l2]  # the path to the penalty is quicker than a start from zeros
    fitted = fit_path(inputs[chosen], labels[chosen].to(inputs.device), classes, [*stronger[-1:], l2])[-1]
    record |= {"optimizer": "l-bfgs", "l2": l2, "iterations": fitted.iterations, "loss": fitted.loss}
    return fitted.probabilities(scale(features.test)), record


def probe_neighbours(
    features: CachedFeatures, data: ProbeData, chosen: Tensor, neighbours: int
) -> tuple[Tensor, dict[str, Any]]:
    """k nearest neighbours: shares of the votes (test images, classes), and the record."""
    labels = data.train.labels[chosen].to(features.train.device)
    found = nearest_neighbours(features.train[chosen], labels, features.test, len(data.classes), neighbours)
    return found, {"neighbours": min(neighbours, len(chosen)), "temperature": TEMPERATURE}


def _accuracy(regression: LogisticRegression, inputs: Tensor, labels: Tensor) -> float:
    return (regression.probabilities(inputs).argmax(1) == labels).double().mean().item()
