"""Targets that spread over classes."""

import torch.nn.functional as F
from torch import Tensor


def smoothed(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """Labels (batch,) as shares of classes (batch, classes), float32: `smoothing` of each spreads over all classes."""
    return F.one_hot(labels, classes).float() * (1 - smoothing) + smoothing / classes


def soft_accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean over samples of the share (batch, classes) that the class of the largest output has."""
    return targets.gather(1, outputs.argmax(1, keepdim=True)).mean()
