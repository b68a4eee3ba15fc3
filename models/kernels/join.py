"""Thresholds in C, together with what follows where two branches of a network join."""

from typing import Any

import numpy as np

from models.integer_network.nodes import Integers, Threshold
from models.kernels.layouts import SHORT, Array, Compute, channels_last, channels_second
from models.kernels.level_tables import level_table
from models.kernels.paths import native, threads
from models.kernels.requantization import Multiplication


def join(
    node: Threshold,
    inputs: Integers,
    *,
    other: bool = False,
    relu: bool = False,
    multiplication: Multiplication | None = None,
) -> Compute:
    """Thresholds by table look-up; other: plus a second input; relu: at least 0.

    multiplication: also requantizes the result, to bytes, as a second output. Takes maps or features within `inputs`;
    sums have to fit 16 bits.
    """
    table = level_table(node, inputs)
    channels, span = table.shape
    fields: dict[str, Any] = {
        "channels": channels,
        "span": span,
        "smallest": inputs.smallest,
        "least": 0 if relu else SHORT.min,
        "table": native.ffi.from_buffer("int16_t[]", table),
        "requantization": (
            native.ffi.new("wrap_requantization *", multiplication) if multiplication else native.ffi.NULL
        ),
    }
    described = {size: native.ffi.new("wrap_join *", {**fields, "value_bytes": size}) for size in (1, 2)}

    def compute(arrays: list[Array]) -> tuple[Array, ...]:
        values = channels_last(arrays[0], np.int8 if arrays[0].dtype == np.int8 else np.int16)
        second = channels_last(arrays[1], np.int16) if other else None
        out = np.empty(values.shape, np.int16)
        coarse = np.empty(values.shape, np.uint8) if multiplication else None
        native.lib.wrap_join_pixels(
            described[values.itemsize],
            out.size // fields["channels"],  # holding `fields` keeps alive what C points to
            native.ffi.from_buffer(values),
            _pointer("int16_t[]", second),
            _pointer("int16_t[]", out),
            _pointer("uint8_t[]", coarse),
            threads(),
        )
        return tuple(channels_second(array) for array in (out, coarse) if array is not None)

    return compute


def _pointer(kind: str, array: Array | None) -> Any:
    return native.ffi.NULL if array is None else native.ffi.from_buffer(kind, array)
