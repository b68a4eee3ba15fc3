"""What narrow accumulators gain, against the unit that never wraps as published, and against the best one found."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from hw.architectures import PLAIN
from hw.designs import MacDesign
from reports.tables import Table

Priced = tuple[float, MacDesign]
"""A unit after a cost of it."""


def gain_table(units: Iterable[dict[str, Any]]) -> Table | None:
    """A row for each kind of operands and cost, of plain units and, where others are better, of the best.

    units: layouts as in layout.json. None if no two of them, one that wraps and one that does not, take the same
    operands.
    """
    kinds: dict[tuple[int, int], list[tuple[MacDesign, dict[str, Any]]]] = defaultdict(list)
    for unit in units:
        design = MacDesign.parse(unit["name"])
        kinds[design.activation_bits, design.weight_bits].append((design, unit))
    rows: list[tuple[str, ...]] = []
    for kind in kinds.values():
        product = [(unit["cell_area"] * unit["cycle_time_ns"], design) for design, unit in kind]
        energy = [(unit["energy_fj_per_op"] / 1e3, design) for design, unit in kind if "energy_fj_per_op" in unit]
        rows += _rows("area x cycle, um2 ns", ",.0f", product) + _rows("energy, pJ/op", ".2f", energy)
    columns = ("cost", "accumulator that never wraps", "accumulator that wraps", "gain")
    note = "For each kind of operands the plain units, then the least that is among the layouts of this report."
    return Table("What narrow accumulators gain", columns, rows, note) if rows else None


def _rows(cost: str, form: str, units: list[Priced]) -> list[tuple[str, ...]]:
    plain = [(value, design) for value, design in units if design.architecture == PLAIN]
    pairs = dict.fromkeys(pair for pair in (_least(plain), _least(units)) if pair)
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
