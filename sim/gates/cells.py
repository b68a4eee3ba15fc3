"""The cells of a Liberty library that mapping and simulation can use."""

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from sim.gates.expressions import Expression, parse_expression
from sim.gates.liberty import Group, parse_liberty

_CELL_NAME = re.compile(r"[A-Za-z_][\w.$\[\]]{,99}", re.ASCII)  # ABC fails with names of 300 characters
_PIN_NAME = re.compile(r"[A-Za-z_]\w{,99}(\[\d{1,9}\])?", re.ASCII)
_QUOTED = 60  # characters of the text in a reason
_SPECIAL = ("dont_use", "is_level_shifter", "is_isolation_cell", "clock_gating_integrated_cell")
_BEYOND_GATES = ("a bus", "a bundle", "a memory", "a latch", "a latch_bank", "an ff_bank", "a statetable")


@dataclass(frozen=True)
class FlipFlop:
    """The register in a cell.

    state, inverse: names of its state, and of the state's inverse, in the functions of outputs. clock: loads
    `next_state` on its rising edge. forced: functions that set or clear the state asynchronously.
    """

    state: str
    inverse: str
    clock: Expression
    next_state: Expression
    forced: tuple[Expression, ...]


@dataclass(frozen=True)
class LibraryCell:
    """A standard cell: its area, the function of each output pin, and the register if there is one.

    for_logic: whether mapping may use it; a library marks others, such as level shifters.
    """

    name: str
    area: float
    inputs: frozenset[str]
    outputs: dict[str, Expression]
    flip_flop: FlipFlop | None = None
    for_logic: bool = True


@dataclass(frozen=True)
class CellSet:
    """The cells of a library by name: gates and flip-flops that can be used, and the reason for each that cannot.

    repeated: names that the library defines again; the first definition counts.
    """

    usable: dict[str, LibraryCell]
    unusable: dict[str, str]
    repeated: list[str]


def read_cells(liberty: str) -> dict[str, LibraryCell]:
    """Returns the usable gates and flip-flops of a Liberty text by name. Raises ValueError for text that is not."""
    return cell_set(liberty).usable


@lru_cache(maxsize=8)
def cell_set(liberty: str) -> CellSet:
    """Returns the cells of a Liberty text, sorted into usable and unusable ones. Raises ValueError as `read_cells`.

    A usable cell has a positive area, pins without buses, and a function for each output of a gate; of the cells with
    states, only flip-flops are usable.
    """
    found = CellSet({}, {}, [])
    definitions: dict[str, list[Group]] = {}
    for group in parse_liberty(liberty).all("cell"):
        definitions.setdefault(cell_name(group), []).append(group)
    for name, (first, *others) in definitions.items():
        if others:
            found.repeated.append(name)
        try:
            found.usable[name] = _cell(name, first)
        except ValueError as error:
            found.unusable[name] = str(error)
    return found


def cell_name(group: Group) -> str:
    """Returns the name of a cell, which is empty if its group has none."""
    return group.names[0] if group.names else ""


def _area(group: Group) -> float:
    stated = group.value("area")
    if stated is None:
        raise ValueError("no area")
    try:
        area = float(stated)
    except ValueError:
        area = math.nan
    if not 0 < area < math.inf:
        raise ValueError(f"area is {stated[:_QUOTED]!r}")
    return area


def _cell(name: str, group: Group) -> LibraryCell:
    """Reads a cell. Raises ValueError with the reason, a few words, if it cannot be used."""
    if _CELL_NAME.fullmatch(name) is None:
        raise ValueError("name")
    for kind in _BEYOND_GATES:
        if group.all(kind.split()[1]):
            raise ValueError(f"has {kind}")
    area = _area(group)
    pins = {pin: one for one in group.all("pin") for pin in one.names}
    _check_names([pin for one in group.all("pin") for pin in one.names])
    outputs = {pin: one for pin, one in pins.items() if one.value("direction") == "output" or one.value("function")}
    if any(one.value("three_state") for one in outputs.values()):
        raise ValueError("three-state")
    flip_flop = _flip_flop(group.all("ff"))
    functions = {
        pin: _function(one, "function") for pin, one in outputs.items() if flip_flop is None or one.value("function")
    }
    if not functions:
        raise ValueError("no function")
    inputs = frozenset(pin for pin, one in pins.items() if one.value("direction") == "input")
    for_logic = all((group.value(mark) or "false").lower() == "false" for mark in _SPECIAL)
    cell = LibraryCell(name, area, inputs, functions, flip_flop, for_logic)
    _check_signals(cell)
    return cell


def _check_names(pins: list[str]) -> None:
    for pin, count in Counter(pins).items():
        if _PIN_NAME.fullmatch(pin) is None:
            raise ValueError(f"pin {pin[:_QUOTED]!r}")
        if count > 1:
            raise ValueError(f"pin {pin} defined twice")


def _function(group: Group, name: str) -> Expression:
    text = group.value(name)
    if not text:
        raise ValueError(f"no {name}")
    try:
        return parse_expression(text)
    except ValueError:
        raise ValueError(f"{name} {text[:_QUOTED]!r} cannot be read") from None


def _flip_flop(groups: list[Group]) -> FlipFlop | None:
    if not groups:
        return None
    if len(groups) > 1 or len(groups[0].names) != 2:
        raise ValueError("has several registers" if len(groups) > 1 else "ff without its two states")
    (group,) = groups
    state, inverse = group.names
    return FlipFlop(
        state=state,
        inverse=inverse,
        clock=_function(group, "clocked_on"),
        next_state=_function(group, "next_state"),
        forced=tuple(_function(group, key) for key in ("clear", "preset") if group.value(key) is not None),
    )


def _check_signals(cell: LibraryCell) -> None:
    """Raises ValueError if a function names a signal that the cell does not have."""
    known, used = set(cell.inputs), list(cell.outputs.values())
    if cell.flip_flop is not None:
        used += [cell.flip_flop.clock, cell.flip_flop.next_state, *cell.flip_flop.forced]
        known |= {cell.flip_flop.state, cell.flip_flop.inverse}
    unknown = frozenset().union(*(function.pins() for function in used)) - known
    if unknown:
        raise ValueError(f"function of {min(unknown)}, which is no input")
