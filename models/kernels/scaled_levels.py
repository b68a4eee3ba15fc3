"""Thresholds as a scale and a bias in floats, wherever these give exactly the same levels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.integer_network.nodes import Integers, Threshold
from models.kernels.layouts import LARGEST_BYTE, SHORT, Array, Compute, channels_last, channels_second

_EXACT_IN_FLOAT = 1 << 24
_STEPS = 80  # of the search for a slope
_LEAST_SLOPE = 1e-6


LevelKind = np.dtype[np.uint8] | np.dtype[np.int16]


@dataclass(frozen=True, eq=False)
class ScaledLevels:
    """Levels by a multiplication: value * scale + bias within [least, largest], rounded, ties to even, in float32.

    All are (filters,), float32. kind: of the levels, uint8 or int16. Values are below 2^24 in magnitude.
    """

    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    least: NDArray[np.float32]
    largest: NDArray[np.float32]
    kind: LevelKind

    @property
    def filters(self) -> int:
        """Number of filters."""
        return len(self.scale)

    def apply(self, values: Array) -> Array:
        """The levels of integers (..., filters)."""
        scaled = values.astype(np.float32) * self.scale + self.bias
        levels: Array = np.rint(scaled.clip(self.least, self.largest)).astype(self.kind)
        return levels


def scaled_levels(node: Threshold, inputs: Integers) -> ScaledLevels | None:
    """The multiplication that gives the node's level of every integer within `inputs`; None if none is found.

    Thresholds that stem from a scale, a batch norm and a quantizer are evenly spaced but for the rounding to integers:
    a line through the gaps between each threshold and the integer before it exists. What float32 makes of that line is
    checked on both sides of every threshold; between them, it cannot fall.
    """
    kind = _kind_of(node)
    if kind is None or max(-inputs.smallest, inputs.largest) >= _EXACT_IN_FLOAT:
        return None
    # In direction * value, all channels rise.
    rising = node.directions > 0
    start = np.where(rising, inputs.smallest, -inputs.largest)
    end = start + inputs.largest - inputs.smallest
    thresholds = node.thresholds.astype(np.int64)
    live = (thresholds > start[:, None]) & (thresholds <= end[:, None])
    least = node.lowest + (thresholds <= start[:, None]).sum(1)
    levels = node.lowest + 1 + np.arange(thresholds.shape[1])
    slope, origin = _line(thresholds, levels - 0.5, live)
    scale = np.where(live.any(1), node.directions / slope, 0).astype(np.float32)
    bias = np.where(live.any(1), -origin / slope, 0).astype(np.float32)
    found = ScaledLevels(scale, bias, least.astype(np.float32), (least + live.sum(1)).astype(np.float32), kind)
    corners = np.where(live, thresholds, end[:, None])
    corners = np.concatenate((start[:, None], corners - 1, corners, end[:, None]), 1)
    return found if _is_exact(found, node, corners.clip(start[:, None], end[:, None])) else None


def scale_to_levels(levels: ScaledLevels) -> Compute:
    """Levels of maps or features in NumPy."""

    def compute(arrays: list[Array]) -> tuple[Array, ...]:
        return (channels_second(levels.apply(channels_last(arrays[0], np.int32))),)

    return compute


def _is_exact(found: ScaledLevels, node: Threshold, directed: NDArray[np.int64]) -> bool:
    """Whether values, times their channel's direction (channels, values), get the node's levels."""
    pairs = zip(node.thresholds, directed, strict=True)
    counts = np.stack([np.searchsorted(thresholds, values, side="right") for thresholds, values in pairs])
    return np.array_equal(found.apply((directed * node.directions[:, None]).T), (node.lowest + counts).T)


def _kind_of(node: Threshold) -> LevelKind | None:
    highest = node.lowest + node.thresholds.shape[1]
    if node.lowest >= 0 and highest <= LARGEST_BYTE:
        return np.dtype(np.uint8)
    return np.dtype(np.int16) if node.lowest >= SHORT.min and highest <= SHORT.max else None


def _line(
    thresholds: NDArray[np.int64], levels: NDArray[np.floating], live: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By channel, slope and origin of a line over the levels that passes below each live threshold by less than 1.

    The room for such a line is concave in its slope, so a ternary search finds where it is widest.
    """

    def bounds(slope: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rest = thresholds - slope[:, None] * levels
        return np.where(live, rest, np.inf).min(1), np.where(live, rest - 1, -np.inf).max(1)

    low = np.full(len(thresholds), _LEAST_SLOPE)
    high = np.where(live, thresholds, thresholds[:, :1]).max(1) - np.where(live, thresholds, thresholds[:, -1:]).min(1)
    high = high.clip(0) + 2.0
    with np.errstate(invalid="ignore"):  # channels without live thresholds
        for _ in range(_STEPS):
            one, other = low + (high - low) / 3, high - (high - low) / 3
            better = np.subtract(*bounds(one)) < np.subtract(*bounds(other))
            low, high = np.where(better, one, low), np.where(better, high, other)
        slope = (low + high) / 2
        origin = np.mean(bounds(slope), axis=0)
    return slope, origin
