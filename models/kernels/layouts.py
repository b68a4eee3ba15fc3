"""Order of axes: maps are (images, channels, rows, columns), as everywhere, but channels are contiguous in memory."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.integer_network.nodes import Integers
from models.integer_network.nodes.checks import LARGEST_SUM

Array = NDArray[Any]

SHORT = np.iinfo(np.int16)
LARGEST_BYTE = 255


def channels_last(array: Array) -> Array:
    """A map or features with channels as the last axis, without a copy."""
    return array.transpose(0, *range(2, array.ndim), 1)


def channels_second(array: Array) -> Array:
    """The inverse of channels_last, without a copy."""
    return array.transpose(0, -1, *range(1, array.ndim - 1))


def fits_word(integers: Integers) -> bool:
    """Whether 32 bits hold the integers."""
    return max(-integers.smallest, integers.largest) <= LARGEST_SUM


def fits_short(integers: Integers) -> bool:
    """Whether 16 bits hold the integers."""
    return integers.smallest >= SHORT.min and integers.largest <= SHORT.max
