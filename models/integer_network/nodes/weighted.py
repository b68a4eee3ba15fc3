"""Nodes with weights: sums of products in an accumulator of a few bits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.integer_network.nodes.checks import (
    LARGEST_SUM,
    PADDINGS,
    SIZES,
    ZERO_POINTS,
    check_axes,
    check_integers,
    check_map,
    check_number,
    window_counts,
)
from models.integer_network.nodes.node import Integers, Node
from models.quantization.accumulators import Accumulator, Overflow, Packing


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightedNode(Node):
    """Sums of products, as the accumulator leaves them.

    weights: (out, ...), signed integers. carry_mean: integers of the node's own shape, subtracted before the wrap if
    the accumulator's packing is `carries`, else None. With that packing, term i of a sum is weights[out].flatten()[i]
    times its activation and lies in lane i % lanes; zeros of the padding are terms as well.
    """

    weights: NDArray[Any]
    accumulator: Accumulator
    carry_mean: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        check_integers("weights", self.weights)
        check_number("accumulator bits", self.accumulator.bits, range(2, 33))
        check_number("slope", self.accumulator.slope, range(1, 1 << 31))
        packing = self.accumulator.packing
        if packing is Packing.CARRIES and self.accumulator.overflow is Overflow.EXACT:
            raise ValueError("packing is 'carries' and overflow is 'exact'; exact sums carry nothing into other lanes")
        if (packing is Packing.CARRIES) != (self.carry_mean is not None):
            given = "missing" if self.carry_mean is None else "given"
            raise ValueError(f"packing is {packing.value!r} and carry_mean is {given}; only 'carries' takes one")
        if self.carry_mean is not None:
            check_integers("carry_mean", self.carry_mean)

    def sum_range(self, inputs: Integers) -> tuple[int, int]:
        """The smallest sum that the inputs allow, at most 0, and the largest, at least 0."""
        weights = self.weights.reshape(len(self.weights), -1).astype(np.int64)
        positive, negative = weights.clip(min=0).sum(1), weights.clip(max=0).sum(1)
        low, high = min(inputs.smallest, 0), max(inputs.largest, 0)
        return int((positive * low + negative * high).min()), int((positive * high + negative * low).max())

    def infer_sums(self, inputs: Integers, shape: tuple[int, ...]) -> Integers:
        """Range of the accumulated sums, which have `shape`. Raises ValueError if sums or products are too large."""
        smallest, largest = self.sum_range(inputs)
        if max(-smallest, largest) > LARGEST_SUM:
            raise ValueError(f"sums from {smallest} to {largest} do not fit 32 bits")
        if self.carry_mean is not None and self.carry_mean.shape != shape:
            raise ValueError(f"carry_mean has the shape {self.carry_mean.shape}; the node's result has {shape}")
        if self.accumulator.overflow is Overflow.EXACT:
            return Integers(shape, smallest, largest)
        self._check_products(inputs)
        half = 1 << (self.accumulator.value_bits - 1)
        if self.accumulator.packing is Packing.CARRIES or smallest < -half or largest >= half:
            smallest, largest = -half, half - 1
        # The cyclic functions never enlarge a magnitude.
        match self.accumulator.overflow:
            case Overflow.ABSOLUTE:
                return Integers(shape, 0, max(-smallest, largest))
            case Overflow.RELU_LIKE:
                return Integers(shape, 0, largest)
        return Integers(shape, smallest, largest)

    def _check_products(self, inputs: Integers) -> None:
        bits = self.accumulator.value_bits
        product = int(np.abs(self.weights.astype(np.int64)).max()) * max(-inputs.smallest, inputs.largest)
        if product >= 1 << (bits - 1):
            raise ValueError(f"products reach {product}, too much for {bits}-bit accumulators")


@dataclass(frozen=True, eq=False, kw_only=True)
class Convolution(WeightedNode):
    """A convolution; weights (out, in, height, width); stride and padding in pixels.

    zero_point: the activation that counts as 0. It is subtracted from all, and the padding consists of it.
    """

    stride: int
    padding: int
    zero_point: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_axes("weights", self.weights, 4)
        check_number("stride", self.stride, SIZES)
        check_number("padding", self.padding, PADDINGS)
        check_number("zero point", self.zero_point, ZERO_POINTS)
        if self.zero_point and self.carry_mean is not None:
            raise ValueError(f"zero point is {self.zero_point}; with carries it needs to be 0")

    def infer(self, *inputs: Integers) -> Integers:
        check_map(inputs[0])
        if inputs[0].shape[0] != self.weights.shape[1]:
            raise ValueError(f"weights take {self.weights.shape[1]} channels; there are {inputs[0].shape[0]}")
        shape, smallest, largest = inputs[0].shape, inputs[0].smallest, inputs[0].largest
        if self.zero_point and not smallest <= self.zero_point <= largest:
            raise ValueError(f"zero point is {self.zero_point}; activations are {smallest} to {largest}")
        sizes = window_counts(shape, self.weights.shape[2:], self.stride, self.padding)
        centred = Integers(shape, smallest - self.zero_point, largest - self.zero_point)
        return self.infer_sums(centred, (len(self.weights), *sizes))


@dataclass(frozen=True, eq=False, kw_only=True)
class Linear(WeightedNode):
    """A fully connected layer; weights (out, in)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_axes("weights", self.weights, 2)

    def infer(self, *inputs: Integers) -> Integers:
        if inputs[0].shape != self.weights.shape[1:]:
            raise ValueError(f"weights take {self.weights.shape[1:]} features; there are {inputs[0].shape}")
        return self.infer_sums(inputs[0], (len(self.weights),))
