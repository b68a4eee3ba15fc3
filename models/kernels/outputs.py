"""How a layer turns its sums into bytes for the next one: by thresholds, or by a scale."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_LARGEST = 255
_BEYOND_VALUES = 1 << 17  # values have 16 bits


@dataclass(frozen=True, eq=False)
class Levels:
    """Bytes by thresholds: `lowest`, plus 1 for each of the filter's thresholds that direction * x reaches.

    thresholds: (filters, levels), integers in rising order. directions: (filters,), 1 or -1. Raises ValueError for
    others, or for levels beyond 0 to 255.
    """

    thresholds: NDArray[np.integer]
    directions: NDArray[np.integer]
    lowest: int = 0

    def __post_init__(self) -> None:
        for name, axes in (("thresholds", 2), ("directions", 1)):
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype.kind != "i" or array.ndim != axes or not array.size:
                raise ValueError(f"{name} needs to be an array of signed integers with {axes} axes that is not empty")
        if self.directions.shape != self.thresholds.shape[:1] or (np.abs(self.directions) != 1).any():
            raise ValueError(f"directions need to be 1 or -1, one for each of {len(self.thresholds)} filters")
        if (self.thresholds[:, 1:] < self.thresholds[:, :-1]).any():
            raise ValueError("thresholds fall from one level to the next")
        if type(self.lowest) is not int or not 0 <= self.lowest <= _LARGEST - self.thresholds.shape[1]:
            raise ValueError(f"lowest is {self.lowest!r}; the levels need to lie within 0 to {_LARGEST}")
        _own_arrays(self, "thresholds", "directions")

    @property
    def filters(self) -> int:
        """Number of filters."""
        return len(self.thresholds)

    def apply(self, values: Tensor) -> Tensor:
        """The levels, uint8, of int64 values (..., filters)."""
        directed = values * torch.from_numpy(self.directions.astype(np.int64))
        reached = directed[..., None] >= torch.from_numpy(self.thresholds.astype(np.int64))
        return (reached.sum(-1) + self.lowest).to(torch.uint8)

    def arrays(self, lane: type[np.signedinteger], padded: int) -> dict[str, NDArray[np.generic]]:
        """The arrays of wrap_finish: a level is reached where (x ^ flip) > above.

        -x >= t is the same as ~x >= t - 1. `lowest` includes the levels that every x reaches; their places in `above`
        are filled with the largest lane and sorted to the end, since the kernels search `above` by bisection.
        """
        limits = np.iinfo(lane)
        flip = np.where(self.directions < 0, -1, 0)
        above = self.thresholds.astype(np.int64).clip(-_BEYOND_VALUES, _BEYOND_VALUES) - 1 + flip[:, None]
        always = above < limits.min
        return {
            "above": _padded(np.sort(np.where(always, limits.max, above.clip(max=limits.max))), padded, lane).T.copy(),
            "flip": _padded(flip, padded, lane),
            "lowest": _padded(self.lowest + always.sum(1), padded, np.uint8),
        }


@dataclass(frozen=True, eq=False)
class Scale:
    """Bytes by a scale: the value in 16 bits, times multiplier / 2^15, plus bias, divided by 2^shift.

    In integers: s = ((x * 2^(16 - bits) * multiplier + 2^14) >> 15) + bias, saturated to 16 bits; then s >> shift,
    clipped to 0..largest. multiplier, bias: (filters,), int16; no multiplier is -2^15. shift: 0 to 15. Raises
    ValueError for others.
    """

    multiplier: NDArray[np.int16]
    bias: NDArray[np.int16]
    shift: int = 8
    largest: int = _LARGEST

    def __post_init__(self) -> None:
        for name in ("multiplier", "bias"):
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype != np.int16 or array.ndim != 1 or not array.size:
                raise ValueError(f"{name} needs to be an array of int16 with one axis that is not empty")
        if self.multiplier.shape != self.bias.shape:
            raise ValueError(f"there are {len(self.multiplier)} multipliers and {len(self.bias)} biases")
        if self.multiplier.min() == np.iinfo(np.int16).min:
            raise ValueError("a multiplier is -32768; allowed are the integers -32767 to 32767")
        for name, most in (("shift", 15), ("largest", _LARGEST)):
            if type(getattr(self, name)) is not int or not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed are the integers 0 to {most}")
        _own_arrays(self, "multiplier", "bias")

    @property
    def filters(self) -> int:
        """Number of filters."""
        return len(self.multiplier)

    def apply(self, values: Tensor, bits: int) -> Tensor:
        """The bytes, uint8, of int64 values (..., filters) of `bits` bits."""
        limits = torch.iinfo(torch.int16)
        scaled = (values * (1 << (16 - bits)) * torch.from_numpy(self.multiplier) + (1 << 14)) >> 15
        scaled = (scaled + torch.from_numpy(self.bias)).clamp(limits.min, limits.max)
        return (scaled >> self.shift).clamp(0, self.largest).to(torch.uint8)

    def arrays(self, padded: int, interleaved_lanes: int = 0) -> dict[str, NDArray[np.generic]]:
        """The arrays of wrap_finish. interleaved_lanes: lanes of a block, for interleaved kernels; see wrap_layout."""
        arrays = {name: _padded(getattr(self, name), padded, np.int16) for name in ("multiplier", "bias")}
        if interleaved_lanes:
            halves = (-1, interleaved_lanes // 16, 2, 8)
            arrays = {name: array.reshape(halves).swapaxes(1, 2).ravel() for name, array in arrays.items()}
        return arrays


def _own_arrays(output: Levels | Scale, *names: str) -> None:
    """Copies arrays, so that the caller may change its own."""
    for name in names:
        object.__setattr__(output, name, getattr(output, name).copy())


def _padded(values: NDArray[np.generic], length: int, kind: type[np.generic]) -> NDArray[np.generic]:
    """Values padded with zeros to `length` filters."""
    all_values = np.zeros((length, *values.shape[1:]), kind)
    all_values[: len(values)] = values
    return all_values
