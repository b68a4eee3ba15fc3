"""What lies between the convolutions of a network, on the C kernels: thresholds, sums of two branches, coarser steps.

Maps are (images, channels, rows, columns) here, as everywhere, but their channels lie side by side in memory.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.integer_network.evaluator import evaluate_node
from models.integer_network.nodes import Integers, Requantize, Threshold
from models.kernels.paths import native, threads

Array = NDArray[Any]
Compute = Callable[[list[Array]], tuple[Array, ...]]
StepSizes = tuple[int, int, int]
"""Subdivisions, multiplier and largest byte of a coarser step, as wrap_requantization in C."""

_SHORT = np.iinfo(np.int16)
_LARGEST_BYTE = 255
_MOST_ENTRIES = 1 << 12  # of a channel's table
_FRACTION = 1 << 16  # of the factor that divides


def channels_last(array: Array, kind: type[np.generic]) -> Array:
    """A map or features with channels as the last axis, in one piece, of this kind; a copy only if need be."""
    return np.ascontiguousarray(array.transpose(0, *range(2, array.ndim), 1), dtype=kind)


def channels_second(array: Array) -> Array:
    """The opposite, without a copy."""
    return array.transpose(0, -1, *range(1, array.ndim - 1))


def fits_short(integers: Integers) -> bool:
    """Whether 16 bits hold the integers."""
    return integers.smallest >= _SHORT.min and integers.largest <= _SHORT.max


def tabulates(node: Threshold, inputs: Integers) -> bool:
    """Whether a table can take the place of these thresholds."""
    return inputs.largest - inputs.smallest < _MOST_ENTRIES and fits_short(inputs) and fits_short(node.infer(inputs))


def tabulated(node: Threshold, inputs: Integers) -> Compute:
    """Thresholds by a table of all values for each channel, by NumPy."""
    table = _table(node, inputs)
    starts = np.arange(len(table), dtype=np.int32) * table.shape[1] - inputs.smallest
    return lambda arrays: (channels_second(table.ravel()[channels_last(arrays[0], np.int32) + starts]),)


def _table(node: Threshold, inputs: Integers) -> NDArray[np.int16]:
    """The levels (channels, values) of all values that the inputs may have."""
    every = np.arange(inputs.smallest, inputs.largest + 1)
    levels = evaluate_node(node, [np.tile(every, (1, len(node.thresholds), 1))])
    return np.asarray(levels[0], np.int16)


def joined(
    node: Threshold, inputs: Integers, *, other: bool = False, relu: bool = False, step: StepSizes | None = None
) -> Compute:
    """Thresholds by a table of all values for each channel; other: plus a second input; relu: at least 0.

    step: also what it makes of the result, bytes. Computes from maps or features of `inputs`, and of what fits 16 bits
    together with the thresholds.
    """
    table = _table(node, inputs)
    given: dict[str, Any] = {"smallest": inputs.smallest, "least": 0 if relu else _SHORT.min}
    given["channels"], given["span"] = table.shape
    given["table"] = native.ffi.from_buffer("int16_t[]", table)
    given["requantization"] = native.ffi.new("wrap_requantization *", step) if step else native.ffi.NULL
    described = {size: native.ffi.new("wrap_join *", {**given, "value_bytes": size}) for size in (1, 2)}

    def compute(arrays: list[Array]) -> tuple[Array, ...]:
        values = channels_last(arrays[0], np.int8 if arrays[0].dtype == np.int8 else np.int16)
        second = channels_last(arrays[1], np.int16) if other else None
        out = np.empty(values.shape, np.int16)
        bytes_ = np.empty(values.shape, np.uint8) if step else None
        native.lib.wrap_join_pixels(
            described[values.itemsize],
            out.size // given["channels"],  # which keeps what C points to
            native.ffi.from_buffer(values),
            _pointer("int16_t[]", second),
            _pointer("int16_t[]", out),
            _pointer("uint8_t[]", bytes_),
            threads(),
        )
        return tuple(channels_second(array) for array in (out, bytes_) if array is not None)

    return compute


def _pointer(kind: str, array: Array | None) -> Any:
    return native.ffi.NULL if array is None else native.ffi.from_buffer(kind, array)


def exact_step(node: Requantize, inputs: Integers) -> StepSizes | None:
    """Steps of a quantizer as a multiplication, checked for all integers of `inputs`; None where that is not exact."""
    subdivisions = node.subdivisions
    multiplier = -(-_FRACTION // (2 * subdivisions))
    if node.smallest != 0 or node.largest > _LARGEST_BYTE or multiplier > _SHORT.max or not fits_short(inputs):
        return None
    twice = 2 * np.arange(inputs.smallest, inputs.largest + 1) + subdivisions
    if twice[0] < _SHORT.min or twice[-1] > _SHORT.max:
        return None
    if not np.array_equal(
        (twice * multiplier // _FRACTION).clip(0, node.largest), (twice // (2 * subdivisions)).clip(0, node.largest)
    ):
        return None
    return subdivisions, multiplier, node.largest


def stepped(step: StepSizes) -> Compute:
    """What a step makes of integers that it is exact for: bytes."""
    described = native.ffi.new("wrap_requantization *", step)

    def compute(arrays: list[Array]) -> tuple[Array, ...]:
        values = channels_last(arrays[0], np.int16)
        out = np.empty(values.shape, np.uint8)
        native.lib.wrap_requantize(
            described, out.size, _pointer("int16_t[]", values), _pointer("uint8_t[]", out), threads()
        )
        return (channels_second(out),)

    return compute
