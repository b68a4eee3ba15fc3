"""Gain of narrow accumulators over units that never wrap: among plain units, and among the best ones found."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from hw.mac.architecture import PLAIN
from hw.mac.design import MacDesign
from reports.tables.table import Table

Priced = tuple[float, MacDesign]
"""A cost and the unit that has it."""


def gain_table(units: Iterable[dict[str, Any]], *, plain: bool = True) -> Table | None:
    """Returns a table with a row per operand widths and cost for plain units, and another for the best if they differ.

    units: layouts as in layout.json. plain: compare plain units too; if false, only the best are compared. Returns
    None if no unit that wraps has the same operand widths as one that does not.
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
    first = "the best plain units, then " if plain else ""
    note = f"For each pair of operand widths: {first}the best of all units in this report."
    return Table("What narrow accumulators gain", columns, rows, note) if rows else None


def _rows(cost: str, form: str, choices: list[list[Priced]]) -> list[tuple[str, ...]]:
    """Returns a row for each distinct pair of cheapest units among the choices."""
    pairs = dict.fromkeys(pair for pair in map(_least, choices) if pair)
    return [
        (cost, *(f"{design.name}: {value:{form}}" for value, design in pair), f"{pair[0][0] / pair[1][0]:.1f}")
        for pair in pairs
    ]


def _least(units: list[Priced]) -> tuple[Priced, Priced] | None:
    """Returns the cheapest unit that never wraps and the cheapest that wraps, or None if either kind is missing."""
    exact, wrapping = ([unit for unit in units if bool(unit[1].slope) == wraps] for wraps in (False, True))
    if not exact or not wrapping:
        return None
    return min(exact, key=lambda unit: unit[0]), min(wrapping, key=lambda unit: unit[0])
