"""What narrow accumulators gain, against the unit that never wraps as published, and against the best one found."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from hw.mac.architecture import PLAIN
from hw.mac.design import MacDesign
from reports.tables.table import Table

Priced = tuple[float, MacDesign]
"""A unit after a cost of it."""


def gain_table(units: Iterable[dict[str, Any]], *, plain: bool = True) -> Table | None:
    """A row for each kind of operands and cost, of plain units and, where others are better, of the best.

    units: layouts as in layout.json. plain: also compares plain units, if others are better. None if no two of them,
    one that wraps and one that does not, take the same operands.
    """
    kinds: dict[tuple[int, int], list[tuple[MacDesign, dict[str, Any]]]] = defaultdict(list)
    for unit in units:
        design = MacDesign.parse(unit["name"])
        kinds[design.activation_bits, design.weight_bits].append((design, unit))
    rows: list[tuple[str, ...]] = []
    for kind in kinds.values():
        product = [(unit["cell_area"] * unit["cycle_time_ns"], design) for design, unit in kind]
        energy = [(unit["energy_fj_per_op"] / 1e3, design) for design, unit in kind if "energy_fj_per_op" in unit]
        for cost, form, priced in (("area x cycle, um2 ns", ",.0f", product), ("energy, pJ/op", ".2f", energy)):
            choices = [[one for one in priced if one[1].architecture == PLAIN], priced] if plain else [priced]
            rows += _rows(cost, form, choices)
    columns = ("cost", "accumulator that never wraps", "accumulator that wraps", "gain")
    first = "the plain units, then " if plain else ""
    note = f"For each kind of operands {first}the least that is among the layouts of this report."
    return Table("What narrow accumulators gain", columns, rows, note) if rows else None


def _rows(cost: str, form: str, choices: list[list[Priced]]) -> list[tuple[str, ...]]:
    """A row for each choice of units that has another least pair."""
    pairs = dict.fromkeys(pair for pair in map(_least, choices) if pair)
    return [
        (cost, *(f"{design.name}: {value:{form}}" for value, design in pair), f"{pair[0][0] / pair[1][0]:.1f}")
        for pair in pairs
    ]


def _least(units: list[Priced]) -> tuple[Priced, Priced] | None:
    """The least of those that never wrap, and of those that do."""
    exact, wrapping = ([unit for unit in units if bool(unit[1].slope) == wraps] for wraps in (False, True))
    if not exact or not wrapping:
        return None
    return min(exact, key=lambda unit: unit[0]), min(wrapping, key=lambda unit: unit[0])
