"""What a sweep tries: the implementations of a design, and the ways to map them."""

from itertools import product
from typing import get_args

from hw.designs import MacDesign
from reports.recipes import Recipe
from reports.silicon.layout import MAPPINGS
from reports.silicon.mapping import Adder, Mapping, can_recode

DELAYS = (1, 2400, 10000)
"""Targets of the mapping, ps: as fast as can be, near the units' own cycle times, and one that any unit meets."""

_FEW = (Mapping(1), Mapping(2400), Mapping(1, "ripple"), Mapping(1, recipe="area"))


def implementations(design: MacDesign) -> list[MacDesign]:
    """The ways to build `design`."""
    return [design]


def mappings(design: MacDesign, *, quick: bool = False) -> list[Mapping]:
    """The ways to map `design`: all those that `wrapmac layout` tries, and many more; a few of them if `quick`."""
    if quick:
        return list(_FEW)
    booth = (False, True) if can_recode(design) else (False,)
    grid = [Mapping(*options) for options in product(DELAYS, get_args(Adder), booth, get_args(Recipe))]
    return list(dict.fromkeys((*MAPPINGS, *grid)))
