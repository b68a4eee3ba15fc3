"""Small units to prove besides the published ones."""

from itertools import cycle, product

from hw.mac.design import MacDesign

_OPERANDS = product(range(1, 5), repeat=2)
_SUMS = ((bits, slope) for bits in range(4, 17) for slope in (None, 1, 2, 3, 4, 8) if (slope or 0) < 1 << (bits - 1))

SMALL_UNITS = tuple(
    MacDesign(activation, weight, accumulator, slope)
    for (accumulator, slope), (activation, weight) in zip(_SUMS, cycle(_OPERANDS), strict=False)
)
"""Accumulators of 4 to 16 bits, without slope and with each slope of 1, 2, 3, 4 and 8 that fits; the operands cycle
through every pair of widths from 1 to 4 bits."""
