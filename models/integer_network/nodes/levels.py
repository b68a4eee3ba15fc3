"""Nodes that turn integers into quantized activations."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.integer_network.nodes.checks import check_axes, check_integers, check_number
from models.integer_network.nodes.node import Integers, Node


@dataclass(frozen=True, eq=False, kw_only=True)
class Threshold(Node):
    """`lowest`, plus 1 for each of the channel's thresholds that direction * x reaches.

    Scale, batch norm, ReLU and quantizer in one: all of them are monotone. thresholds: (channels, levels), rising.
    directions: (channels,), 1 or -1: a negative gain makes a channel fall.
    """

    thresholds: NDArray[Any]
    directions: NDArray[Any]
    lowest: int

    def __post_init__(self) -> None:
        check_integers("thresholds", self.thresholds)
        check_axes("thresholds", self.thresholds, 2)
        check_integers("directions", self.directions)
        check_number("lowest", self.lowest, range(-(1 << 20), 1 << 20))
        if self.directions.shape != self.thresholds.shape[:1] or (np.abs(self.directions) != 1).any():
            raise ValueError(f"directions need to be 1 or -1 for each of {len(self.thresholds)} channels")
        if (self.thresholds[:, 1:] < self.thresholds[:, :-1]).any():
            raise ValueError("thresholds fall from one level to the next")

    def infer(self, *inputs: Integers) -> Integers:
        if inputs[0].shape[0] != len(self.thresholds):
            raise ValueError(f"thresholds for {len(self.thresholds)} channels; there are {inputs[0].shape[0]}")
        return Integers(inputs[0].shape, self.lowest, self.lowest + self.thresholds.shape[1])


@dataclass(frozen=True, eq=False, kw_only=True)
class Requantize(Node):
    """round(x / subdivisions) within [smallest, largest]; subdivisions is odd, so there are no ties."""

    subdivisions: int
    smallest: int
    largest: int

    def __post_init__(self) -> None:
        check_number("subdivisions", self.subdivisions, range(1, 1 << 15, 2))
        check_number("smallest", self.smallest, range(-(1 << 15), 1))
        check_number("largest", self.largest, range(1, 1 << 16))

    def infer(self, *inputs: Integers) -> Integers:
        return Integers(inputs[0].shape, self.smallest, self.largest)
