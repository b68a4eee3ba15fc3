"""Figures of a classifier: top-1 accuracy, mean accuracy of the classes, mean average precision."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Scores:
    """Each from 0 to 1.

    top1: share of images whose class is right. mean_per_class: the mean of that share over classes, as for Flowers and
    Aircraft. mean_average_precision: the mean over classes of the area under precision against recall, when all images
    are sorted by the probability of the class, as for VOC2007. Classes without a test image do not count.
    """

    top1: float
    mean_per_class: float
    mean_average_precision: float


def scores_of(probabilities: Tensor, labels: Tensor) -> Scores:
    """The figures of probabilities (images, classes) for labels (images,).

    Raises ValueError for no images, and probabilities that are not finite.
    """
    if not len(labels) or probabilities.shape[:1] != labels.shape:
        raise ValueError(f"probabilities are {tuple(probabilities.shape)} and labels {tuple(labels.shape)}")
    if not probabilities.isfinite().all():
        raise ValueError("probabilities of classes are not finite")
    right = probabilities.argmax(1) == labels
    present = sorted(set(labels.tolist()))
    return Scores(
        top1=right.double().mean().item(),
        mean_per_class=float(np.mean([right[labels == label].double().mean().item() for label in present])),
        mean_average_precision=float(np.mean([_average_precision(probabilities, labels, one) for one in present])),
    )


def _average_precision(probabilities: Tensor, labels: Tensor, label: int) -> float:
    from sklearn.metrics import average_precision_score  # slow to import

    wanted = (labels == label).numpy(force=True)
    return float(average_precision_score(wanted, probabilities[:, label].to(torch.float64).numpy(force=True)))
