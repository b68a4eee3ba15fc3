"""The choices that a sweep tries: implementations of a design, and mappings of each."""

from dataclasses import replace
from itertools import product
from typing import Any, get_args

from hw.mac.architecture import PLAIN, Architecture, Fold
from hw.mac.design import MacDesign
from reports.cells.recipes import Recipe
from reports.layout.layouts import MAPPINGS
from reports.layout.mapping import Adder, MappingOptions, can_recode

DELAYS = (1, 2400, 10000)
"""Target delays of the mapping, ps: as short as possible, near the units' cycle times, and one that any unit meets."""

_SEGMENTS = (4, 8, 16)

_FEW = (MappingOptions(1), MappingOptions(2400), MappingOptions(1, "ripple"), MappingOptions(1, recipe="area"))


def implementations(design: MacDesign) -> list[MacDesign]:
    """Returns `design` and its other architectures, which compute the same function, `design` first."""
    return [design, *(found for found in _architectures(design) if found != design)]


def _architectures(design: MacDesign) -> list[MacDesign]:
    """Returns all combinations of registers, segments and counting bits, then other forms, each on its own."""
    segments = [None, *(bits for bits in _SEGMENTS if 2 * bits <= design.accumulator_bits)]
    counting = (False, True) if design.accumulator_bits > design.product_bits else (False,)
    places: list[dict[str, Any]] = [{}, {"bare": True}, {"split": True}] if design.slope else [{}]
    found = [
        Architecture(segment=segment, counting=counts, early=early, mirrored=early, **place)
        for segment, counts, early, place in product(segments, counting, (False, True), places)
    ]
    if design.slope:
        found += [Architecture(fold=fold) for fold in get_args(Fold)]
    found += [Architecture(loading=True), Architecture(loading=True, early=True)]
    if design.weight_bits == 1 and design.accumulator_bits > design.activation_bits:
        found += [
            Architecture(signs=True, counting=counts, early=early) for counts in counting for early in (False, True)
        ]
    return [replace(design, architecture=architecture) for architecture in dict.fromkeys(found)]


def mappings(design: MacDesign, *, quick: bool = False) -> list[MappingOptions]:
    """Returns the mappings to try: those of `wrapmac layout` and, for the plain architecture, many more.

    quick: only a few.
    """
    if quick:
        return list(_FEW)
    if design.architecture != PLAIN:
        return list(MAPPINGS)
    booth = (False, True) if can_recode(design) else (False,)
    grid = [MappingOptions(*options) for options in product(DELAYS, get_args(Adder), booth, get_args(Recipe))]
    return list(dict.fromkeys((*MAPPINGS, *grid)))
