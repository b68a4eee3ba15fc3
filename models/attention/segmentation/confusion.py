"""How well pixels are classified, from exact integer counts."""

import torch
from torch import Tensor

from models.data.labelled.crops import IGNORED


class Confusion:
    """Counts of pixels by label and predicted class, a Meter. Ignored pixels are never counted.

    counts: (classes, classes), int64, labels first.
    """

    def __init__(self, classes: int) -> None:
        self.counts = torch.zeros(classes, classes, dtype=torch.int64)

    def update(self, outputs: Tensor, labels: Tensor) -> None:
        """Counts a batch. outputs: logits (batch, classes, height, width). labels: (batch, height, width).

        Raises ValueError for labels beyond the classes, and logits that are not finite.
        """
        classes = len(self.counts)
        counted = labels != IGNORED
        chosen = labels[counted]
        if not torch.isfinite(outputs).all():
            raise ValueError("logits of the network are not finite; no class can be chosen")
        check_labels(labels, classes)
        pairs = chosen * classes + outputs.argmax(1)[counted]
        self.counts += torch.bincount(pairs, minlength=classes**2).view(classes, classes).cpu()

    @property
    def ious(self) -> Tensor:
        """Intersection over union by class, 0 to 1: (classes,), float64; NaN if it is neither seen nor predicted."""
        hits = self.counts.diag().double()
        unions = self.counts.sum(0) + self.counts.sum(1) - self.counts.diag()
        return hits / unions

    @property
    def mean_iou(self) -> float:
        """Mean over the classes that are seen or predicted, 0 to 1; NaN if no pixel was counted."""
        return float(self.ious.nanmean())

    @property
    def pixel_accuracy(self) -> float:
        """Share of counted pixels that are right, 0 to 1; NaN if none was counted."""
        return float(self.counts.diag().sum().double() / self.counts.sum())


def check_labels(labels: Tensor, classes: int) -> None:
    """Raises ValueError if a label is neither one of 0 to classes - 1 nor 255, which is ignored."""
    wrong = labels[(labels != IGNORED) & ((labels < 0) | (labels >= classes))]
    if len(wrong):
        raise ValueError(
            f"a pixel has the label {int(wrong[0])}; allowed are 0 to {classes - 1}, and {IGNORED} for none"
        )
