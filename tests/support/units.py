"""Units for tests: strategies that draw them, and their arithmetic by definition."""

from fractions import Fraction
from typing import get_args

from hypothesis import strategies as st

from hw.mac.architecture import Architecture, Fold
from hw.mac.design import MacDesign


@st.composite
def any_design(draw: st.DrawFn) -> MacDesign:
    """Units of any widths and slope, in the plain architecture."""
    accumulator_bits = draw(st.integers(2, 64))
    slope = draw(st.none() | st.integers(1, min(20, 2 ** (accumulator_bits - 1) - 1)))
    return MacDesign(draw(st.integers(1, 16)), draw(st.integers(1, 16)), accumulator_bits, slope)


@st.composite
def any_architecture(draw: st.DrawFn) -> MacDesign:
    """Small units in any architecture."""
    activation_bits, weight_bits = draw(st.integers(1, 8)), draw(st.integers(1, 3))
    accumulator_bits = draw(st.integers(2, 24))
    slope = draw(st.none() | st.integers(1, min(5, 2 ** (accumulator_bits - 1) - 1)))
    flag = st.booleans()
    signs = weight_bits == 1 and accumulator_bits > activation_bits and draw(flag)
    register = draw(st.sampled_from(["after", "none", "inside"])) if slope else "after"
    architecture = Architecture(
        signs=signs,
        counting=draw(flag),
        segment=draw(st.none() | st.integers(1, accumulator_bits - 1)),
        mirrored=draw(flag),
        loading=not signs and draw(flag),
        early=draw(flag),
        bare=register == "none",
        split=register == "inside",
        fold=draw(st.sampled_from(get_args(Fold))) if slope else "arms",
    )
    return MacDesign(activation_bits, weight_bits, accumulator_bits, slope, architecture)


def twos_complement(value: int, bits: int) -> int:
    """The low bits of an integer, read as two's complement."""
    value %= 2**bits
    return value - 2**bits if value >= 2 ** (bits - 1) else value


def fold(value: int, bits: int, slope: int) -> int:
    """The cyclic activation of a sum, by the definition of section 2.3.1."""
    half = 2 ** (bits - 1)
    if abs(value) <= Fraction(slope * half, slope + 1):
        return value
    return slope * half - slope * value if value > 0 else -slope * half - slope * value
