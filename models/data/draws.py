"""Random draws as functions of a key and a number, as an episode's or an image's, for any count of them at once.

A generator with a state would make each depend on those drawn before it.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIERS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_FRACTION_BITS = np.uint64(11)

Integers = NDArray[np.int64]


def key_of(*parts: object) -> np.uint64:
    """A key that depends on all parts, through their text."""
    return np.uint64(int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()))


def uniform(key: np.uint64, numbers: Integers, stream: Integers | int, index: Integers | int) -> NDArray[np.float64]:
    """Values from 0 to below 1, uniform and independent; a function of key, number, stream and index, broadcast."""
    with np.errstate(over="ignore"):
        mixed = _mixed(key + _STEP * np.asarray(numbers, dtype=np.uint64))
        mixed = _mixed(mixed + _STEP * np.asarray(stream, dtype=np.uint64))
        mixed = _mixed(mixed + _STEP * np.asarray(index, dtype=np.uint64))
    return (mixed >> _FRACTION_BITS).astype(np.float64) * 2.0**-53


def distinct(key: np.uint64, numbers: Integers, stream: int, counts: Integers, draws: int) -> Integers:
    """`draws` different integers from 0 to below `counts`, in random order, for each number: (numbers, draws).

    counts: (numbers,), at least `draws`; or of each draw, (numbers, draws), never less than of the one before it. The
    next integer is drawn among those that remain: its rank among them is uniform, and each smaller integer that is
    taken moves it up by one.
    """
    by_draw = np.broadcast_to(counts.reshape(len(numbers), -1), (len(numbers), draws))
    taken = np.empty((len(numbers), draws), dtype=np.int64)
    ordered = np.empty_like(taken)
    for draw in range(draws):
        found = (uniform(key, numbers, stream, draw) * (by_draw[:, draw] - draw)).astype(np.int64)
        for place in range(draw):
            found += found >= ordered[:, place]
        taken[:, draw] = found
        ordered[:, draw] = found
        ordered[:, : draw + 1].sort(axis=1)
    return taken


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser: each bit of the result depends on all bits."""
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * _MULTIPLIERS[0]
        values = (values ^ (values >> np.uint64(27))) * _MULTIPLIERS[1]
    return values ^ (values >> np.uint64(31))
