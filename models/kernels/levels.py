"""Levels of integers that no kernel has just summed."""

import numpy as np

from models.kernels.calls import Call
from models.kernels.layouts import Array, channels_last, channels_second
from models.kernels.paths import PATHS, TORCH
from models.kernels.scaled_levels import ScaledLevels
from models.kernels.tape import Compute, Tape
from models.kernels.wide_convolution import EXACT
from models.kernels.wide_finish import WideFinish


def scale_to_levels(levels: ScaledLevels, path: str) -> Compute:
    """Levels of maps or features of up to 32 bits, on a path of the kernels."""
    if path == TORCH:

        def applied(arrays: list[Array]) -> Array:
            return channels_second(levels.apply(channels_last(arrays[0])))

        return lambda tape, arrays: (tape.compute(applied, arrays),)

    finish = WideFinish(np.zeros(levels.filters, np.int32), EXACT, levels)

    def compute(tape: Tape, arrays: list[Array]) -> tuple[Array, ...]:
        values = tape.channels_last(arrays[0], np.int32)
        out = tape.empty(values.shape, levels.kind)
        call = Call(
            "WIDE_LEVELS",
            owner=finish,
            number=PATHS.index(path),
            filters=levels.filters,
            count=values.size // levels.filters,
            input=values,
            finish=finish.described,
            output=out,
        )
        tape.run(call)
        return (channels_second(out),)

    return compute
