"""Thresholds in C, together with what follows where two branches of a network join."""

from typing import Any

import numpy as np

from models.integer_network.nodes import Integers, Threshold
from models.kernels.calls import Call
from models.kernels.layouts import SHORT, Array, channels_second
from models.kernels.level_tables import level_table
from models.kernels.paths import native
from models.kernels.requantization import Multiplication
from models.kernels.tape import Compute, Tape


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
