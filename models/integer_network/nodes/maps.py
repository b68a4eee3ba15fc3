"""Nodes that add, rectify, pool and reshape."""

import math
from dataclasses import dataclass

import numpy as np

from models.integer_network.nodes.checks import LARGEST_SUM, SIZES, check_map, check_number, window_counts
from models.integer_network.nodes.node import Integers, Node


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(Node):
    """The sum of two inputs of one shape."""

    arity = 2

    def infer(self, *inputs: Integers) -> Integers:
        first, second = inputs
        if first.shape != second.shape:
            raise ValueError(f"adds the shapes {first.shape} and {second.shape}")
        return Integers(first.shape, first.smallest + second.smallest, first.largest + second.largest)


@dataclass(frozen=True, eq=False, kw_only=True)
class Relu(Node):
    """max(x, 0)."""

    def infer(self, *inputs: Integers) -> Integers:
        return Integers(inputs[0].shape, max(inputs[0].smallest, 0), max(inputs[0].largest, 0))


@dataclass(frozen=True, eq=False, kw_only=True)
class MaxPool(Node):
    """The largest integer of each square window; padding never wins."""

    kernel: int
    stride: int
    padding: int

    def __post_init__(self) -> None:
        check_number("kernel", self.kernel, SIZES)
        check_number("stride", self.stride, SIZES)
        check_number("padding", self.padding, range(self.kernel // 2 + 1))

    def infer(self, *inputs: Integers) -> Integers:
        check_map(inputs[0])
        sizes = window_counts(inputs[0].shape, (self.kernel, self.kernel), self.stride, self.padding)
        return Integers((inputs[0].shape[0], *sizes), inputs[0].smallest, inputs[0].largest)


@dataclass(frozen=True, eq=False, kw_only=True)
class SumPool(Node):
    """The sum of each map, as a map of 1x1."""

    def infer(self, *inputs: Integers) -> Integers:
        check_map(inputs[0])
        channels, *sizes = inputs[0].shape
        smallest, largest = (math.prod(sizes) * limit for limit in (inputs[0].smallest, inputs[0].largest))
        if max(-smallest, largest) > LARGEST_SUM:
            raise ValueError(f"sums from {smallest} to {largest} do not fit 32 bits")
        return Integers((channels, 1, 1), smallest, largest)


@dataclass(frozen=True, eq=False, kw_only=True)
class Flatten(Node):
    """All axes in one, in the order channel, row, column."""

    def infer(self, *inputs: Integers) -> Integers:
        return Integers((int(np.prod(inputs[0].shape)),), inputs[0].smallest, inputs[0].largest)


@dataclass(frozen=True, eq=False, kw_only=True)
class PaddedShortcut(Node):
    """Every `stride`-th pixel of every `stride`-th row, followed by `channels` maps of zeros."""

    stride: int
    channels: int

    def __post_init__(self) -> None:
        check_number("stride", self.stride, SIZES)
        check_number("channels", self.channels, range(1 << 15))

    def infer(self, *inputs: Integers) -> Integers:
        check_map(inputs[0])
        channels, *sizes = inputs[0].shape
        shape = (channels + self.channels, *(-(-size // self.stride) for size in sizes))
        return Integers(shape, min(inputs[0].smallest, 0), max(inputs[0].largest, 0))
