"""Thresholds as tables: the level of every integer that a channel may have."""

import numpy as np
from numpy.typing import NDArray

from models.integer_network.nodes import Integers, Threshold
from models.kernels.layouts import LARGEST_BYTE, Array, channels_last, channels_second, fits_short
from models.kernels.tape import Compute, Tape

_MOST_ENTRIES = 1 << 12  # of a channel


def tabulates(node: Threshold, inputs: Integers) -> bool:
    """Whether a table can replace these thresholds."""
    return inputs.largest - inputs.smallest < _MOST_ENTRIES and fits_short(inputs) and fits_short(node.infer(inputs))


def gives_bytes(node: Threshold) -> bool:
    """Whether bytes hold all levels, so that a layer can compute them from its sums."""
    return node.lowest >= 0 and node.lowest + node.thresholds.shape[1] <= LARGEST_BYTE


def level_table(node: Threshold, inputs: Integers) -> NDArray[np.int16]:
    """The levels (channels, values) of all values from inputs.smallest to inputs.largest.

    Marks where each channel reaches its next level, and counts the marks. A channel of direction -1 rises with falling
    values: its marks are set in reverse order.
    """
    count = inputs.largest - inputs.smallest + 1
    rising = (node.directions > 0)[:, np.newaxis]
    start = np.where(rising, inputs.smallest, -inputs.largest)
    reached = node.thresholds.astype(np.int64).clip(start, start + count) - start  # `count`: never reached
    marks = np.zeros((len(node.thresholds), count + 1), np.int64)
    np.add.at(marks, (np.arange(len(marks))[:, np.newaxis], reached), 1)
    levels = node.lowest + marks[:, :count].cumsum(axis=1)
    return np.where(rising, levels, levels[:, ::-1]).astype(np.int16)


def look_up_levels(node: Threshold, inputs: Integers) -> Compute:
    """Thresholds by table look-up in NumPy."""
    table = level_table(node, inputs)
    starts = np.arange(len(table), dtype=np.int32) * table.shape[1] - inputs.smallest

    def looked_up(arrays: list[Array]) -> Array:
        return channels_second(table.ravel()[channels_last(arrays[0]).astype(np.int32) + starts])

    def compute(tape: Tape, arrays: list[Array]) -> tuple[Array, ...]:
        return (tape.compute(looked_up, arrays),)

    return compute
