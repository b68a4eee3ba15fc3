"""The convolutions that the kernels are measured on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONVOLUTIONS = ((64, 56), (128, 28), (256, 14), (512, 7))
"""Channels (in and out) and rows (and columns) of the 3x3 convolutions of Table 2.7, one per stage of ResNet-18."""


@dataclass(frozen=True)
class Layer:
    """A convolution to measure: maps (1, size, size, channels) and weights (channels, 3, 3, channels)."""

    channels: int
    size: int
    maps: NDArray[np.uint8]
    binary: NDArray[np.int8]
    ternary: NDArray[np.int8]

    @property
    def name(self) -> str:
        """As in Table 2.7: channels x rows x columns."""
        return f"{self.channels}x{self.size}x{self.size}"

    @property
    def operations(self) -> int:
        """Multiply-accumulates, including those with padding."""
        return self.size**2 * self.channels**2 * 9

    def matrix(self) -> NDArray[np.uint8]:
        """The matrix (positions, 9 * channels) whose product with the weights is the convolution."""
        padded = np.pad(self.maps[0], ((1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
        return np.ascontiguousarray(windows.transpose(0, 1, 3, 4, 2).reshape(self.size**2, -1))


def bench_layers(seed: int) -> list[Layer]:
    """The layers of CONVOLUTIONS, with random maps and weights."""
    random = np.random.default_rng(seed)
    return [_layer(channels, size, random) for channels, size in CONVOLUTIONS]


def _layer(channels: int, size: int, random: np.random.Generator) -> Layer:
    shape = (channels, 3, 3, channels)
    return Layer(
        channels,
        size,
        random.integers(0, 256, (1, size, size, channels)).astype(np.uint8),
        random.choice(np.array([-1, 1], np.int8), shape),
        random.choice(np.array([-1, 0, 1], np.int8), shape),
    )
