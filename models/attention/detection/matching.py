"""Which detections of a picture are right, as COCO counts them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""Overlaps from which on a detection is right."""

_ROUNDING = 1e-10

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Matches:
    """Detections of one category in one picture, best first. scores: (detections,).

    right, ignored: (thresholds, detections). wanted: number of objects that are to be found.
    """

    scores: Floats
    right: Bools
    ignored: Bools
    wanted: int


def match(scores: Floats, overlaps: Floats, left_out: Bools, crowds: Bools, outside: Bools) -> Matches:
    """Matches detections with the objects of a picture, both of one category.

    scores: of the detections, best first. overlaps: (detections, objects). left_out: of objects that do not count:
    crowds, and those of another size. crowds: of objects that match any number of detections. outside: of detections
    of another size, which do not count unless they match.

    Best detections choose first. Each takes the object that it overlaps most of those that count; if it overlaps none
    by the threshold, it may match one that does not count, and does not count itself.
    """
    right = np.zeros((len(THRESHOLDS), len(scores)), dtype=bool)
    ignored = np.zeros_like(right)
    for row, threshold in enumerate(np.minimum(THRESHOLDS, 1 - _ROUNDING)):
        free = np.ones(len(left_out), dtype=bool)
        for detection in range(len(scores)):
            found = _best(overlaps[detection], threshold, free & ~left_out)
            if found is None:
                found = _best(overlaps[detection], threshold, (free | crowds) & left_out)
                ignored[row, detection] = outside[detection] if found is None else True
            else:
                right[row, detection] = True
            if found is not None:
                free[found] = False
    return Matches(scores, right, ignored, int((~left_out).sum()))


def _best(overlaps: Floats, threshold: float, allowed: Bools) -> int | None:
    """The object of those allowed that is overlapped most, the last of equals; None below the threshold."""
    reached = np.flatnonzero(allowed & (overlaps >= threshold))
    if not len(reached):
        return None
    values = overlaps[reached]
    return int(reached[len(values) - 1 - values[::-1].argmax()])
