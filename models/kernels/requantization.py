"""Requantization as a multiplication of 16-bit integers, in C."""

from typing import NamedTuple

import numpy as np

from models.integer_network.nodes import Integers, Requantize
from models.kernels.calls import Call
from models.kernels.layouts import LARGEST_BYTE, SHORT, Array, channels_second, fits_short
from models.kernels.paths import native
from models.kernels.tape import Compute, Tape

_FRACTION = 1 << 16


class Multiplication(NamedTuple):
    """(2 * value + subdivisions) * multiplier >> 16, clipped to 0..largest: wrap_requantization in C."""

    subdivisions: int
    multiplier: int
    largest: int


def exact_multiplication(node: Requantize, inputs: Integers) -> Multiplication | None:
    """The multiplication that equals the node for all integers of `inputs`, each of them checked; None if none does."""
    subdivisions = node.subdivisions
    multiplier = -(-_FRACTION // (2 * subdivisions))
    if node.smallest != 0 or node.largest > LARGEST_BYTE or multiplier > SHORT.max or not fits_short(inputs):
        return None
    twice = 2 * np.arange(inputs.smallest, inputs.largest + 1) + subdivisions
    if twice[0] < SHORT.min or twice[-1] > SHORT.max:
        return None
    multiplied = (twice * multiplier // _FRACTION).clip(0, node.largest)
    divided = (twice // (2 * subdivisions)).clip(0, node.largest)
    return Multiplication(subdivisions, multiplier, node.largest) if np.array_equal(multiplied, divided) else None


def requantize(multiplication: Multiplication) -> Compute:
    """Requantizes integers for which the multiplication is exact, to bytes."""
    described = native.ffi.new("wrap_requantization *", multiplication)

    def compute(tape: Tape, arrays: list[Array]) -> tuple[Array, ...]:
        values = tape.channels_last(arrays[0], np.int16)
        out = tape.empty(values.shape, np.uint8)
        tape.run(Call("REQUANTIZE", shape=described, count=out.size, input=values, output=out))
        return (channels_second(out),)

    return compute
