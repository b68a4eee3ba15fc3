"""The float operations before and after a network's integer core, as data: they run without the network's class."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

_LARGEST_SIZE = (1 << 15) - 1


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatOperation(ABC):
    """One operation on floats (batch, channels, ...), computed by torch. Arrays are float32."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray) and (value.dtype != np.float32 or value.size == 0):
                raise ValueError(
                    f"{field.name} holds {value.size} numbers of {value.dtype}; it needs float32, at least one"
                )

    @abstractmethod
    def apply(self, values: Tensor) -> Tensor:
        """The operation's result."""


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatConvolution(FloatOperation):
    """A convolution; weights (out, in, height, width), bias (out,) or None."""

    weights: NDArray[Any]
    bias: NDArray[Any] | None
    stride: int
    padding: int

    def apply(self, values: Tensor) -> Tensor:
        if not 1 <= self.stride <= _LARGEST_SIZE or not 0 <= self.padding <= _LARGEST_SIZE:
            raise ValueError(f"a convolution has stride {self.stride} and padding {self.padding}")
        weights, bias = _tensor(self.weights, values), _optional(self.bias, values)
        return functional.conv2d(values, weights, bias, self.stride, self.padding)


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatLinear(FloatOperation):
    """A fully connected layer; weights (out, in), bias (out,) or None."""

    weights: NDArray[Any]
    bias: NDArray[Any] | None

    def apply(self, values: Tensor) -> Tensor:
        return functional.linear(values, _tensor(self.weights, values), _optional(self.bias, values))


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatScale(FloatOperation):
    """Multiplies each channel by its factor; factors (channels,), or (1,) for all channels."""

    factors: NDArray[Any]

    def apply(self, values: Tensor) -> Tensor:
        return _tensor(self.factors, values).view(-1, *[1] * (values.dim() - 2)) * values


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatBatchNorm(FloatOperation):
    """(x - mean) / sqrt(variance + epsilon) * gain + offset, each (channels,)."""

    mean: NDArray[Any]
    variance: NDArray[Any]
    gain: NDArray[Any]
    offset: NDArray[Any]
    epsilon: float

    def __post_init__(self) -> None:
        super().__post_init__()
        shapes = {array.shape for array in (self.mean, self.variance, self.gain, self.offset)}
        if len(shapes) > 1 or len(self.mean.shape) != 1:
            raise ValueError(f"a batch norm has arrays of the shapes {shapes}; they need to be (channels,)")

    def apply(self, values: Tensor) -> Tensor:
        mean, variance, gain, offset = (
            _tensor(array, values) for array in (self.mean, self.variance, self.gain, self.offset)
        )
        return functional.batch_norm(values, mean, variance, gain, offset, training=False, eps=self.epsilon)


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatRelu(FloatOperation):
    """max(x, 0)."""

    def apply(self, values: Tensor) -> Tensor:
        return functional.relu(values)


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatMaxPool(FloatOperation):
    """The largest number of each square window; padding never wins."""

    kernel: int
    stride: int
    padding: int

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = self.kernel, self.stride, self.padding
        whole = all(type(size) is int and 0 <= size <= _LARGEST_SIZE for size in sizes)
        if not whole or not self.kernel or not self.stride or 2 * self.padding > self.kernel:
            raise ValueError(
                f"a pool has kernel {self.kernel}, stride {self.stride} and padding {self.padding}; it needs integers, "
                "the padding at most half the kernel"
            )

    def apply(self, values: Tensor) -> Tensor:
        return functional.max_pool2d(values, self.kernel, self.stride, self.padding)


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatAveragePool(FloatOperation):
    """The mean of each map, as a map of 1x1."""

    def apply(self, values: Tensor) -> Tensor:
        return functional.adaptive_avg_pool2d(values, 1)


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatFlatten(FloatOperation):
    """All axes but the batch in one."""

    def apply(self, values: Tensor) -> Tensor:
        return values.flatten(1)


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantize(FloatOperation):
    """round(x / step), ties to even, within [smallest, largest], as floats. The step is a float32."""

    step: float
    smallest: int
    largest: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.step > 0 or not self.smallest < self.largest:
            raise ValueError(
                f"step is {self.step} and the range {self.smallest} to {self.largest}; the step needs to be above 0, "
                "the range not empty"
            )

    def apply(self, values: Tensor) -> Tensor:
        return (values / torch.tensor(self.step)).clamp_(self.smallest, self.largest).round_()


def apply_all(operations: Sequence[FloatOperation], values: Tensor) -> Tensor:
    """Runs operations in order. Maps are laid out with channels last, which suits most operations best."""
    if values.dim() == 4:
        values = values.contiguous(memory_format=torch.channels_last)
    for operation in operations:
        values = operation.apply(values)
    return values


FLOAT_OPERATIONS: dict[str, type[FloatOperation]] = {
    kind.__name__: kind
    for kind in (
        FloatConvolution,
        FloatLinear,
        FloatScale,
        FloatBatchNorm,
        FloatRelu,
        FloatMaxPool,
        FloatAveragePool,
        FloatFlatten,
        Quantize,
    )
}
"""All operations by name."""


def _tensor(array: NDArray[Any], values: Tensor) -> Tensor:
    """An array as a tensor, where `values` are."""
    return torch.from_numpy(array).to(values.device)


def _optional(array: NDArray[Any] | None, values: Tensor) -> Tensor | None:
    return None if array is None else _tensor(array, values)
