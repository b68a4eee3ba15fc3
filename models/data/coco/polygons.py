"""Polygons as masks."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.data.coco.run_lengths import Mask


def polygon_mask(polygons: Sequence[Sequence[float]], height: int, width: int) -> Mask:
    """The pixels (height, width) whose centres lie in one of the polygons.

    polygons: x and y of the corners in turn, at least three corners each, in pixels from the upper left corner of the
    picture. A place lies in a polygon that crosses itself if a ray from it meets the outline an odd number of times.
    """
    mask = np.zeros((height, width), dtype=bool)
    for polygon in polygons:
        mask |= _inside(np.asarray(polygon, dtype=np.float64).reshape(-1, 2), height, width)
    return mask


def _inside(corners: NDArray[np.float64], height: int, width: int) -> Mask:
    """The pixels whose centres lie in a polygon (corners, 2).

    In each row, an edge turns over all pixels right of it; an odd number of turns is inside.
    """
    starts, ends = corners, np.roll(corners, -1, axis=0)
    turns = np.zeros((height, width + 1), dtype=np.int64)
    for (left, upper), (right, lower) in zip(starts, ends, strict=True):
        first, last = (min(max(int(np.ceil(end - 0.5)), 0), height) for end in sorted((upper, lower)))
        if first == last:
            continue
        rows = np.arange(first, last)
        crossings = left + (rows + 0.5 - upper) * (right - left) / (lower - upper)
        columns = np.ceil(crossings - 0.5).clip(0, width).astype(np.int64)
        turns[rows, columns] += 1
    inside: Mask = turns.cumsum(axis=1)[:, :width] % 2 == 1
    return inside
