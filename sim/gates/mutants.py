"""Mutants of a netlist: faults in one gate."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from sim.gates.cells import LibraryCell
from sim.gates.expressions import Expression, inverted
from sim.gates.logic import Assignment, Gates


@dataclass(frozen=True)
class Mutant:
    """A change of one gate.

    site: position of the assignment in the netlist. function: the new function of the same pins.
    kind: `stuck`, `cell`, `swap` or `inverted`. change: a description.
    """

    site: int
    function: Expression
    kind: str
    change: str


def draw_mutants(gates: Gates, cells: Mapping[str, LibraryCell], count: int, seed: int) -> list[Mutant]:
    """Draws `count` different mutants, or all if there are fewer, and returns them in netlist order.

    Raises ValueError for a count below 1.
    """
    if count < 1:
        raise ValueError(f"count is {count}; allowed is an integer of at least 1")
    mutants = all_mutants(gates, cells)
    drawn = random.Random(seed).sample(range(len(mutants)), min(count, len(mutants)))
    return [mutants[number] for number in sorted(drawn)]


def all_mutants(gates: Gates, cells: Mapping[str, LibraryCell]) -> list[Mutant]:
    """Returns every mutant of a netlist.

    A net is stuck at 0 or 1, a gate replaced by another cell with the same inputs, two inputs of a gate swapped, or an
    input or the output of a gate inverted. No mutant computes its gate's own function or that of another mutant of the
    gate. Nets that nothing reads, such as inverse outputs of flip-flops, have no mutants.
    """
    by_inputs: dict[frozenset[str], list[LibraryCell]] = {}
    for cell in cells.values():
        if cell.flip_flop is None and len(cell.outputs) == 1:
            by_inputs.setdefault(cell.inputs, []).append(cell)
    read = {*gates.shown, *gates.next_states, *(net for found in gates.assignments for net in found.pins.values())}
    mutants = []
    for site, found in enumerate(gates.assignments):
        if found.target not in read:
            continue
        pins = tuple(found.pins)
        known = {found.function.table(pins)}
        rivals = by_inputs.get(frozenset(pins), []) if found.cell in cells else []
        for kind, change, function in _changes(found, rivals):
            table = function.table(pins)
            if table not in known:
                known.add(table)
                mutants.append(Mutant(site, function, kind, change))
    return mutants


def _changes(found: Assignment, rivals: list[LibraryCell]) -> Iterator[tuple[str, str, Expression]]:
    for value in "01":
        yield "stuck", f"stuck at {value}", Expression(value)
    if not found.cell:
        return
    for rival in rivals:
        (function,) = rival.outputs.values()
        yield "cell", f"{rival.name} for {found.cell}", function
    for one, other in combinations(found.pins, 2):
        crossed = {one: Expression(other), other: Expression(one)}
        yield "swap", f"{one} and {other} of {found.cell} swapped", found.function.with_pins(crossed)
    yield "inverted", f"output of {found.cell} inverted", inverted(found.function)
    for pin in found.pins:
        flipped = found.function.with_pins({pin: inverted(Expression(pin))})
        yield "inverted", f"{pin} of {found.cell} inverted", flipped
