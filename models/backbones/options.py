"""Options that all backbones share, and the inner layers that they make."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within, random numbers depend on the seed alone; afterwards, they go on as if nothing had been drawn."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Options of a backbone, and the factory of its layers; a subclass makes layers of another kind.

    width: channels of the first layer, which scales all others; None for the network's own. classes: outputs of the
    network. relu: whether a ReLU follows the batch norms of hidden layers. seed: of the initial weights.

    Raises ValueError for a width or a number of classes below 1.
    """

    width: int | None = None
    classes: int = 10
    relu: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in (("width", self.width), ("classes", self.classes)):
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; allowed is an integer of at least 1")

    def convolution(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int = 3,
        *,
        stride: int = 1,
        never_negative: bool = False,
    ) -> nn.Module:
        """An inner convolution without bias, padded to keep the map's size at stride 1.

        never_negative: its inputs are at least 0 even without `relu`. Plain layers make no use of it.
        """
        return nn.Conv2d(inputs, outputs, kernel_size, stride=stride, padding=kernel_size // 2, bias=False)

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        """An inner fully connected layer without bias."""
        return nn.Linear(inputs, outputs, bias=False)

    def first_convolution(
        self, inputs: int, outputs: int, kernel_size: int, *, stride: int = 1, padding: int
    ) -> nn.Module:
        """The convolution that reads the images, without bias."""
        return nn.Conv2d(inputs, outputs, kernel_size, stride=stride, padding=padding, bias=False)

    def average_pool(self) -> nn.Module:
        """The mean of each map of a residual stream, as a map of 1x1."""
        return nn.AdaptiveAvgPool2d(1)

    def classifier(self, inputs: int, *, never_negative: bool = False) -> nn.Module:
        """The fully connected layer that gives the logits. never_negative: see `convolution`."""
        return nn.Linear(inputs, self.classes)

    def activation(self) -> nn.Module:
        """The activation after a hidden layer's batch norm."""
        return nn.ReLU() if self.relu else nn.Identity()

    def grid(self) -> nn.Module:
        """Processes a branch before it enters a residual stream; the identity for plain layers."""
        return nn.Identity()
