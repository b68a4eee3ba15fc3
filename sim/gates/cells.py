"""The logic of the cells in a Liberty library."""

import re
from dataclasses import dataclass, field

from sim.gates.expressions import Expression, parse_expression

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\\\r?\n", re.DOTALL)
_STATEMENT = re.compile(
    r"""\s*(?:
        (?P<close>\})
      | (?P<attribute>[\w\[\]]+) \s*:\s* (?P<value>"[^"]*"|[^;\n}]*) \s*;?
      | (?P<group>\w+) \s*\( (?P<arguments>[^()]*) \)\s* (?P<open>[{;]?)
      | ;
    )""",
    re.VERBOSE,
)


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
    """A standard cell: the function of each output pin, and the register if there is one."""

    name: str
    inputs: frozenset[str]
    outputs: dict[str, Expression]
    flip_flop: FlipFlop | None = None


@dataclass
class _Group:
    kind: str
    arguments: tuple[str, ...]
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list["_Group"] = field(default_factory=list)


def read_cells(liberty: str) -> dict[str, LibraryCell]:
    """Returns the gates and flip-flops of a Liberty text by name; leaves out other cells, such as latches.

    Raises ValueError for text that is not Liberty.
    """
    root = _read_groups(_COMMENT.sub(" ", liberty))
    libraries = [group for group in root.groups if group.kind == "library"]
    groups = [group for library in libraries for group in library.groups if group.kind == "cell"]
    cells = (_cell(group) for group in groups)
    return {cell.name: cell for cell in cells if cell is not None}


def _read_groups(text: str) -> _Group:
    opened = [_Group("", ())]
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _STATEMENT.match(text, position)
        if found is None or (found["close"] and len(opened) == 1):
            line = text[position:].strip().splitlines()[0]
            raise ValueError(f"the Liberty text cannot be read at {line[:60]!r}")
        position = found.end()
        if found["close"]:
            opened.pop()
        elif found["attribute"]:
            opened[-1].attributes[found["attribute"]] = found["value"].strip().strip('"')
        elif found["open"] == "{":
            arguments = tuple(part.strip().strip('"') for part in found["arguments"].split(","))
            group = _Group(found["group"], arguments)
            opened[-1].groups.append(group)
            opened.append(group)
    if len(opened) > 1:
        raise ValueError(f"the Liberty text ends within {opened[-1].kind} {' '.join(opened[-1].arguments)}")
    return opened[0]


def _cell(group: _Group) -> LibraryCell | None:
    kinds = {inner.kind for inner in group.groups}
    if kinds & {"latch", "latch_bank", "ff_bank", "statetable", "bus", "bundle"}:
        return None
    pins = [inner for inner in group.groups if inner.kind == "pin"]
    inputs = {pin.arguments[0] for pin in pins if pin.attributes.get("direction") == "input"}
    outputs = {
        pin.arguments[0]: parse_expression(pin.attributes["function"]) for pin in pins if "function" in pin.attributes
    }
    registers = [_flip_flop(inner) for inner in group.groups if inner.kind == "ff"]
    return LibraryCell(group.arguments[0], frozenset(inputs), outputs, registers[0] if registers else None)


def _flip_flop(group: _Group) -> FlipFlop:
    state, inverse = group.arguments
    return FlipFlop(
        state=state,
        inverse=inverse,
        clock=parse_expression(group.attributes["clocked_on"]),
        next_state=parse_expression(group.attributes["next_state"]),
        forced=tuple(parse_expression(group.attributes[key]) for key in ("clear", "preset") if key in group.attributes),
    )
