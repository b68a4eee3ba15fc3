"""The nodes of a network's integer core: what each takes and gives."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.quantization.accumulators import Accumulator

_LARGEST_SUM = (1 << 31) - 1
_SIZES = range(1, 1 << 15)
_PADDINGS = range(1 << 15)


@dataclass(frozen=True)
class Integers:
    """What a node gives: the shape for one image, (channels, height, width) or (features,), and the integers' range."""

    shape: tuple[int, ...]
    smallest: int
    largest: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Node(ABC):
    """One operation on integers. inputs: names of the nodes that it reads."""

    name: str
    inputs: tuple[str, ...]

    @abstractmethod
    def infer(self, *inputs: Integers) -> Integers:
        """What the node gives for these inputs. Raises ValueError if they do not fit."""


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightedNode(Node):
    """Sums of products in an accumulator of a few bits.

    weights: (out, ...), integers. accumulator: what becomes of the sums. carry_mean: integers of the node's own
    shape, subtracted before the wrap if the accumulator's packing is `carries`, else None. There, term i is
    weights[out].flatten()[i] times its activation and lies in lane i % lanes; padding zeros are terms too.
    """

    weights: NDArray[Any]
    accumulator: Accumulator
    carry_mean: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        _check_integers("weights", self.weights)
        _check_number("accumulator bits", self.accumulator.bits, range(2, 33))
        _check_number("slope", self.accumulator.slope, range(1, 1 << 31))
        carries = self.accumulator.packing == "carries"
        if carries and self.accumulator.overflow == "exact":
            raise ValueError("exact sums have no lanes whose carries could run over; packing is 'carries'")
        if carries != (self.carry_mean is not None):
            raise ValueError(
                f"packing is {self.accumulator.packing.value!r}; what is subtracted belongs to 'carries' alone"
            )
        if self.carry_mean is not None:
            _check_integers("carry_mean", self.carry_mean)

    def sum_range(self, inputs: Integers) -> tuple[int, int]:
        """The smallest and the largest sum that inputs can lead to, 0 included."""
        weights = self.weights.reshape(len(self.weights), -1).astype(np.int64)
        positive, negative = weights.clip(min=0).sum(1), weights.clip(max=0).sum(1)
        low, high = min(inputs.smallest, 0), max(inputs.largest, 0)
        return int((positive * low + negative * high).min()), int((positive * high + negative * low).max())

    def _infer(self, inputs: Integers, shape: tuple[int, ...]) -> Integers:
        smallest, largest = self.sum_range(inputs)
        if max(-smallest, largest) > _LARGEST_SUM:
            raise ValueError(f"sums from {smallest} to {largest} do not fit 32 bits")
        if self.carry_mean is not None and self.carry_mean.shape != shape:
            raise ValueError(f"carry_mean has the shape {self.carry_mean.shape}; the node gives {shape}")
        if self.accumulator.overflow == "exact":
            return Integers(shape, smallest, largest)
        half = 1 << (self.accumulator.value_bits - 1)
        product = int(np.abs(self.weights.astype(np.int64)).max()) * max(-inputs.smallest, inputs.largest)
        if product >= half:
            raise ValueError(f"products reach {product}: too much for {self.accumulator.value_bits}-bit accumulators")
        if self.accumulator.packing == "carries" or smallest < -half or largest >= half:
            smallest, largest = -half, half - 1
        # The cyclic functions never enlarge a magnitude.
        if self.accumulator.overflow == "absolute":
            return Integers(shape, 0, max(-smallest, largest))
        return Integers(shape, 0 if self.accumulator.overflow == "relu-like" else smallest, largest)


@dataclass(frozen=True, eq=False, kw_only=True)
class Convolution(WeightedNode):
    """A convolution; weights (out, in, height, width); stride and zeros around the map, in pixels."""

    stride: int
    padding: int

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_axes("weights", self.weights, 4)
        _check_number("stride", self.stride, _SIZES)
        _check_number("padding", self.padding, _PADDINGS)

    def infer(self, *inputs: Integers) -> Integers:
        _check_map(inputs[0])
        if inputs[0].shape[0] != self.weights.shape[1]:
            raise ValueError(f"weights take {self.weights.shape[1]} channels; there are {inputs[0].shape[0]}")
        size = _window_count(inputs[0].shape, self.weights.shape[2:], self.stride, self.padding)
        return self._infer(inputs[0], (len(self.weights), *size))


@dataclass(frozen=True, eq=False, kw_only=True)
class Linear(WeightedNode):
    """A fully connected layer; weights (out, in)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_axes("weights", self.weights, 2)

    def infer(self, *inputs: Integers) -> Integers:
        if inputs[0].shape != self.weights.shape[1:]:
            raise ValueError(f"weights take {self.weights.shape[1:]} features; there are {inputs[0].shape}")
        return self._infer(inputs[0], (len(self.weights),))


@dataclass(frozen=True, eq=False, kw_only=True)
class Threshold(Node):
    """`lowest` and 1 more for each of the channel's thresholds that direction * x reaches.

    Scale, batch norm, ReLU and quantizer in one: all of them are monotone. thresholds: (channels, levels), rising.
    directions: (channels,), 1 or -1, as a negative gain makes a channel fall.
    """

    thresholds: NDArray[Any]
    directions: NDArray[Any]
    lowest: int

    def __post_init__(self) -> None:
        _check_integers("thresholds", self.thresholds)
        _check_axes("thresholds", self.thresholds, 2)
        _check_integers("directions", self.directions)
        _check_number("lowest", self.lowest, range(-(1 << 20), 1 << 20))
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
        _check_number("subdivisions", self.subdivisions, range(1, 1 << 15, 2))
        _check_number("smallest", self.smallest, range(-(1 << 15), 1))
        _check_number("largest", self.largest, range(1, 1 << 16))

    def infer(self, *inputs: Integers) -> Integers:
        return Integers(inputs[0].shape, self.smallest, self.largest)


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(Node):
    """The sum of two inputs of one shape."""

    def infer(self, *inputs: Integers) -> Integers:
        first, second = inputs
        if first.shape != second.shape:
            raise ValueError(f"adds the shapes {first.shape} and {second.shape}")
        return Integers(first.shape, first.smallest + second.smallest, first.largest + second.largest)


@dataclass(frozen=True, eq=False, kw_only=True)
class Relu(Node):
    """Negative integers become 0."""

    def infer(self, *inputs: Integers) -> Integers:
        return Integers(inputs[0].shape, max(inputs[0].smallest, 0), max(inputs[0].largest, 0))


@dataclass(frozen=True, eq=False, kw_only=True)
class MaxPool(Node):
    """The largest of each square window; the padding never wins."""

    kernel: int
    stride: int
    padding: int

    def __post_init__(self) -> None:
        _check_number("kernel", self.kernel, _SIZES)
        _check_number("stride", self.stride, _SIZES)
        _check_number("padding", self.padding, range(self.kernel // 2 + 1))

    def infer(self, *inputs: Integers) -> Integers:
        _check_map(inputs[0])
        size = _window_count(inputs[0].shape, (self.kernel, self.kernel), self.stride, self.padding)
        return Integers((inputs[0].shape[0], *size), inputs[0].smallest, inputs[0].largest)


@dataclass(frozen=True, eq=False, kw_only=True)
class Flatten(Node):
    """All axes become one, in the order channel, row, column."""

    def infer(self, *inputs: Integers) -> Integers:
        return Integers((int(np.prod(inputs[0].shape)),), inputs[0].smallest, inputs[0].largest)


@dataclass(frozen=True, eq=False, kw_only=True)
class PaddedShortcut(Node):
    """Every `stride`-th pixel of every `stride`-th row, and `channels` maps of zeros after the others."""

    stride: int
    channels: int

    def __post_init__(self) -> None:
        _check_number("stride", self.stride, _SIZES)
        _check_number("channels", self.channels, range(1 << 15))

    def infer(self, *inputs: Integers) -> Integers:
        _check_map(inputs[0])
        channels, *size = inputs[0].shape
        shape = (channels + self.channels, *(-(-extent // self.stride) for extent in size))
        return Integers(shape, min(inputs[0].smallest, 0), max(inputs[0].largest, 0))


NODES: dict[str, type[Node]] = {
    kind.__name__: kind
    for kind in (Convolution, Linear, Threshold, Requantize, Add, Relu, MaxPool, Flatten, PaddedShortcut)
}
"""All kinds of nodes by name."""


def _check_number(name: str, value: object, allowed: range) -> None:
    if type(value) is not int or value not in allowed:
        steps = "odd integers" if allowed.step == 2 else "integers"
        raise ValueError(f"{name} is {value!r}; allowed are the {steps} {allowed[0]} to {allowed[-1]}")


def _check_integers(name: str, value: object) -> None:
    if not isinstance(value, np.ndarray) or not np.issubdtype(value.dtype, np.signedinteger) or value.size == 0:
        raise ValueError(f"{name} needs to be an array of signed integers, with content")


def _check_axes(name: str, value: NDArray[Any], axes: int) -> None:
    if value.ndim != axes:
        raise ValueError(f"{name} has the shape {value.shape}; it needs {axes} axes")


def _check_map(inputs: Integers) -> None:
    if len(inputs.shape) != 3:
        raise ValueError(f"takes maps (channels, height, width); there is {inputs.shape}")


def _window_count(shape: tuple[int, ...], kernel: tuple[int, ...], stride: int, padding: int) -> tuple[int, ...]:
    """How many windows fit in each direction."""
    room = [size + 2 * padding - extent for size, extent in zip(shape[1:], kernel, strict=True)]
    if min(room) < 0:
        raise ValueError(f"a window of {kernel} does not fit maps of {shape[1:]} with padding {padding}")
    return tuple(free // stride + 1 for free in room)
