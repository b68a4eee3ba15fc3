"""Rotation by multiples of 90 degrees: random turns, and views that are turned by them."""

import numpy as np
from torch import Tensor

from models.data.draws import Integers, uniform

TURNS = 4
"""Rotations by 0, 90, 180 and 270 degrees."""


def draw_turns(key: np.uint64, numbers: Integers, views: range, probability: float = 1.0) -> Integers:
    """Numbers of turns by 90 degrees, (views, images): uniform from 0 to 3 with a probability, else 0."""
    streams = np.array(views)[:, None]
    happens, turns = (uniform(key, numbers, streams, index) for index in range(2))
    return np.where(happens < probability, (turns * TURNS).astype(np.int64), 0)


def turned(views: Tensor, turns: Tensor) -> Tensor:
    """Views (..., channels, height, width), each turned anticlockwise by `turns` (...) times 90 degrees.

    Raises ValueError for views that are not square.
    """
    height, width = views.shape[-2:]
    if height != width:
        raise ValueError(f"views are {height} x {width} pixels; a rotation by 90 degrees needs square ones")
    found = views.clone()
    for times in range(1, TURNS):
        places = tuple(place.to(views.device, non_blocking=True) for place in (turns == times).nonzero(as_tuple=True))
        found[places] = views[places].rot90(times, (-2, -1))
    return found
