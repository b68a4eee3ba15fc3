"""Operands and sums at which a multiply-accumulate unit's behaviour changes, and how to reach those sums."""

import torch

from hw.mac.design import MacDesign
from sim.mac.streams import Stimulus, bubbles, dot_products

LONGEST_DOT = 4608
"""Length of the longest dot product in stimuli: the 512 x 3 x 3 of a ResNet-18 layer."""


def activation_corners(design: MacDesign) -> list[int]:
    """Returns the two smallest and the two largest activations."""
    allowed = design.activation_range
    return sorted({0, 1, allowed[-1] - 1, allowed[-1]})


def weight_corners(design: MacDesign) -> list[int]:
    """Returns the smallest and the largest weight, and those around 0."""
    allowed = design.weight_range
    return sorted({allowed[0], allowed[-1], *(value for value in (-1, 0, 1) if value in allowed)})


def landmarks(design: MacDesign) -> dict[str, int]:
    """Returns sums at which the unit's behaviour changes, by name: the extremes, zero, both sides of each fold."""
    values = design.accumulator_range
    named = {"lowest": values[0], "highest": values[-1], "zero": 0, "minus one": -1}
    if design.slope is not None:
        fold = design.threshold
        named |= {"upper fold, inside": fold, "lower fold, inside": -fold, "lower fold, outside": -fold - 1}
        if fold + 1 in values:
            named["upper fold, outside"] = fold + 1
    return named


def strongest(design: MacDesign, sign: int) -> tuple[int, int]:
    """Returns the operands whose product, in the product register's width, is largest (sign 1) or smallest (-1)."""
    limit = (1 << (design.product_bits - 1)) - (sign > 0)
    activation = min(design.activation_range[-1], limit)
    weight = design.weight_range[-1 if sign > 0 else 0]
    return activation, sign * min(abs(weight), limit // activation)


def within_reach(design: MacDesign, value: int) -> bool:
    """Returns whether a dot product of at most LONGEST_DOT terms can reach `value` without a wrap."""
    return _terms(design, value) is not None


def lead_in(design: MacDesign, value: int) -> Stimulus:
    """Returns cycles that bring the sum to `value`, by a preload where no dot product of LONGEST_DOT terms does."""
    terms = _terms(design, value)
    if terms is None:
        return Stimulus(bubbles(design, 2), preload=value)
    operands = torch.tensor(terms)
    return Stimulus(dot_products(operands[None, :, 0], operands[None, :, 1]))


def _terms(design: MacDesign, value: int) -> list[tuple[int, int]] | None:
    """Returns operand pairs whose products sum to `value`, mostly the strongest, or None if that takes too many."""
    sign = 1 if value > 0 else -1
    activation, weight = strongest(design, sign)
    full, rest = divmod(abs(value), abs(activation * weight))
    if full + 2 > LONGEST_DOT:
        return None
    scale, rest = divmod(rest, activation)
    return [(activation, weight)] * full + [(activation, sign * scale)] * (scale > 0) + [(rest, sign)]
