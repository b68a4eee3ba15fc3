"""Thresholds in C, together with what follows where two branches of a network join."""

from typing import Any

import numpy as np

from models.integer_network.nodes import Integers, Threshold
from models.kernels.calls import Call
from models.kernels.layouts import SHORT, Array, channels_second
from models.kernels.level_tables import level_table
from models.kernels.paths import native
from models.kernels.requantization import Multiplication
from models.kernels.scaled_levels import scaled_levels
from models.kernels.tape import Compute, Tape


def join(
    node: Threshold,
    inputs: Integers,
    *,
    other: bool = False,
    relu: bool = False,
    multiplication: Multiplication | None = None,
) -> Compute:
    """Thresholds by a scale or by table look-up; other: plus a second input; relu: at least 0.

    multiplication: also requantizes the result, to bytes, as a second output. Takes maps or features within `inputs`;
    sums have to fit 16 bits.
    """
    channels = len(node.thresholds)
    fields: dict[str, Any] = {
        "channels": channels,
        "least": 0 if relu else SHORT.min,
        **_levels(node, inputs),
        "requantization": (
            native.ffi.new("wrap_requantization *", multiplication) if multiplication else native.ffi.NULL
        ),
    }
    described = {size: native.ffi.new("wrap_join *", {**fields, "value_bytes": size}) for size in (1, 2)}

    def compute(tape: Tape, arrays: list[Array]) -> tuple[Array, ...]:
        values = tape.channels_last(arrays[0], np.int8 if arrays[0].dtype == np.int8 else np.int16)
        second = tape.channels_last(arrays[1], np.int16) if other else None
        out = tape.empty(values.shape, np.int16)
        coarse = tape.empty(values.shape, np.uint8) if multiplication else None
        tape.run(
            Call(
                "JOIN",
                owner=fields,
                shape=described[values.itemsize],
                count=out.size // channels,
                input=values,
                second=second,
                output=out,
                bytes=coarse,
            )
        )
        return tuple(channels_second(array) for array in (out, coarse) if array is not None)

    return compute


def _levels(node: Threshold, inputs: Integers) -> dict[str, Any]:
    """The fields of wrap_join that tell levels: a scale where it is exact for all integers, which is faster."""
    table = level_table(node, inputs)
    scaled = scaled_levels(node, inputs)
    every = np.arange(inputs.smallest, inputs.largest + 1)[:, np.newaxis]
    if scaled is None or not np.array_equal(scaled.rounded(every).T, table):
        pointer = native.ffi.from_buffer("int16_t[]", table)
        return {"table": pointer, "span": table.shape[1], "smallest": inputs.smallest}
    arrays = {"scale": scaled.scale, "bias": scaled.bias, "lowest": scaled.least, "highest": scaled.largest}
    return {name: native.ffi.from_buffer("float[]", array) for name, array in arrays.items()}
