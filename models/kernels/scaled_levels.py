"""Many thresholds at once: a scale and a bias tell the level of nearly all values, a search that of the others."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.integer_network.nodes import Integers, Threshold
from models.kernels.layouts import SHORT, Array
from models.kernels.level_tables import gives_bytes

_MOST_STEPS = 80  # of the search for a slope
_LARGEST_SLIP = 1e-4  # of an integer, by which the search may miss a threshold before it ends
_LEAST_SLOPE = 1e-6
_WIDEST_DOUBT = 0.25  # of a level, on either side of a threshold, before searching takes too long

LevelKind = np.dtype[np.uint8] | np.dtype[np.int16]


@dataclass(frozen=True, eq=False, kw_only=True)
class ScaledLevels:
    """The levels of a node's thresholds, by a multiplication in float32.

    value * scale + bias within [least, largest], rounded, ties to even, is the level wherever the rounding changes it
    by no more than `limit`. All are (filters,), float32. Elsewhere, `node` tells the level. kind: of the levels, uint8
    or int16.
    """

    node: Threshold
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    least: NDArray[np.float32]
    largest: NDArray[np.float32]
    limit: NDArray[np.float32]
    kind: LevelKind

    @property
    def filters(self) -> int:
        """Number of filters."""
        return len(self.scale)

    def rising(self) -> "ScaledLevels":
        """The same levels of values that are negated where levels fall."""
        node = replace(self.node, directions=np.ones_like(self.node.directions))
        return replace(self, node=node, scale=np.abs(self.scale))

    def apply(self, values: Array) -> Array:
        """The levels of integers (..., filters)."""
        exact = self._clipped(values)
        rounded = np.rint(exact)
        levels: Array = rounded.astype(self.kind)
        doubtful = np.nonzero(np.abs(exact - rounded) > self.limit)
        channels = doubtful[-1]
        directed = values[doubtful].astype(np.int64) * self.node.directions[channels]
        levels[doubtful] = self.node.lowest + (directed[:, None] >= self.node.thresholds[channels]).sum(1)
        return levels

    def rounded(self, values: Array) -> NDArray[np.float32]:
        """What the scale alone makes of integers (..., filters)."""
        return np.rint(self._clipped(values))

    def _clipped(self, values: Array) -> NDArray[np.float32]:
        return self.scaled(values).clip(self.least, self.largest)

    def scaled(self, values: Array) -> NDArray[np.float32]:
        """Integers (..., filters) times the scale, plus the bias."""
        return values.astype(np.float32) * self.scale + self.bias


def scaled_levels(node: Threshold, inputs: Integers) -> ScaledLevels | None:
    """The node's levels of the integers within `inputs`; None if its thresholds are too unevenly spaced.

    Thresholds that stem from a scale, a batch norm and a quantizer are evenly spaced, but for the rounding to integers:
    a line through the gaps between each threshold and the integer before it exists, or nearly so. How far float32
    strays from it on both sides of every threshold is measured; between them, it cannot fall.
    """
    kind = _kind_of(node)
    if kind is None:
        return None
    # In direction * value, all channels rise.
    rising = node.directions > 0
    start = np.where(rising, inputs.smallest, -inputs.largest)[:, None]
    end = start + inputs.largest - inputs.smallest
    thresholds = node.thresholds.astype(np.int64)
    live = (thresholds > start) & (thresholds <= end)
    least = node.lowest + (thresholds <= start).sum(1)
    borders = node.lowest + 0.5 + np.arange(thresholds.shape[1])
    slope, origin = _line(thresholds, borders, live)
    found = ScaledLevels(
        node=node,
        scale=np.where(live.any(1), node.directions / slope, 0).astype(np.float32),
        bias=np.where(live.any(1), -origin / slope, least).astype(np.float32),
        least=least.astype(np.float32),
        largest=(least + live.sum(1)).astype(np.float32),
        limit=np.full(len(thresholds), 0.5, np.float32),
        kind=kind,
    )
    doubt = _doubt(found, np.where(live, thresholds, start), borders, live)
    if doubt.max() > _WIDEST_DOUBT:
        return None
    limit = np.nextafter((0.5 - doubt).astype(np.float32), np.float32(0))
    return replace(found, limit=limit)


def _doubt(
    found: ScaledLevels, thresholds: NDArray[np.int64], borders: NDArray[np.floating], live: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """By channel, how far a threshold lies below its border, or the integer before it above."""

    def scaled(directed: NDArray[np.int64]) -> NDArray[np.float64]:
        return found.scaled((directed * found.node.directions[:, None]).T).T.astype(np.float64)

    strays = np.maximum(borders - scaled(thresholds), scaled(thresholds - 1) - borders)
    worst: NDArray[np.float64] = np.where(live, strays, 0).max(1).clip(0)
    return worst


def _kind_of(node: Threshold) -> LevelKind | None:
    if gives_bytes(node):
        return np.dtype(np.uint8)
    highest = node.lowest + node.thresholds.shape[1]
    return np.dtype(np.int16) if node.lowest >= SHORT.min and highest <= SHORT.max else None


def _line(
    thresholds: NDArray[np.int64], borders: NDArray[np.floating], live: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By channel, slope and origin of a line over the borders between levels, at best below each threshold by under 1.

    The room for such a line is concave in its slope, so a ternary search finds where it is widest.
    """
    # In place of dead thresholds stand live ones, which bound nothing further; any do where none is live.
    places = np.where(live, np.arange(thresholds.shape[1]), live.argmax(1)[:, None])
    borders = borders[places]
    thresholds = np.take_along_axis(thresholds, places, 1).astype(np.float64)
    reach = np.abs(borders).max()

    def bounds(slope: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rest = thresholds - slope[:, None] * borders
        return rest.min(1), rest.max(1) - 1

    low = np.full(len(thresholds), _LEAST_SLOPE)
    high = thresholds.max(1) - thresholds.min(1) + 2
    for _ in range(_MOST_STEPS):
        if (high - low).max() * reach <= _LARGEST_SLIP:
            break
        one, other = low + (high - low) / 3, high - (high - low) / 3
        better = np.subtract(*bounds(one)) < np.subtract(*bounds(other))
        low, high = np.where(better, one, low), np.where(better, high, other)
    slope = (low + high) / 2
    origin = np.mean(bounds(slope), axis=0)
    return slope, origin
