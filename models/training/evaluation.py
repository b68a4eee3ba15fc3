"""How a network does on held-out data: meters that watch its outputs."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn


class Meter(Protocol):
    """Watches the batches of an evaluation."""

    def update(self, outputs: Tensor, labels: Tensor) -> None:
        """Takes in a batch's outputs and labels, both on the network's device."""


class Accuracy:
    """Counts the samples whose label (batch,) has one of the `top` largest outputs (batch, classes)."""

    def __init__(self, top: int = 1) -> None:
        self._top = top
        self._right = torch.zeros((), dtype=torch.int64)
        self._count = 0

    def update(self, outputs: Tensor, labels: Tensor) -> None:
        """Counts a batch."""
        if self._top == 1:
            right = outputs.argmax(1) == labels
        else:
            right = (outputs.topk(self._top).indices == labels[:, None]).any(1)
        self._right = self._right.to(outputs.device) + right.sum()
        self._count += len(labels)

    @property
    def value(self) -> float:
        """Share of samples that are right, 0 to 1."""
        return int(self._right) / self._count


@torch.no_grad()
def evaluate_on(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], meters: Sequence[Meter]) -> None:
    """Runs a network in evaluation mode over batches of inputs and labels, watched by meters."""
    network.eval()
    device = next(network.parameters()).device
    for inputs, labels in batches:
        outputs = network(inputs.to(device))
        for meter in meters:
            meter.update(outputs, labels.to(device))
