"""Writes Liberty that every tool reads: no comments, no unusual characters, and only cells that can be used."""

import re
from collections.abc import Callable, Container, Mapping

from sim.gates.cells import cell_name
from sim.gates.liberty import Attribute, Group, unquoted

_WORD = re.compile(r"[\w.+-]+", re.ASCII)
_UNUSUAL = re.compile(r"[^\w\s.,+*&|^!'()=<>:$\[\]~?#%@-]", re.ASCII)
_PARENTHESES = re.compile(r"[()]")
_FUNCTIONS = ("function", "next_state", "clocked_on", "clear", "preset", "three_state", "when")


def liberty_text(library: Group) -> str:
    """Returns a library as Liberty source.

    Braces, slashes, quotes and characters beyond ASCII are blanked in strings: ABC takes them for its own syntax.
    Functions are quoted, as not every tool reads `function : !A;`. Other attributes with an expression for a value,
    such as `VDD + 0.5`, are left out.
    """
    lines: list[str] = []
    _write(library, "", lines)
    return "\n".join(lines) + "\n"


def with_cells(library: Group, kept: Container[str], avoided: Container[str]) -> Group:
    """Returns a library with only the cells in `kept`, each once, and those in `avoided` marked as `dont_use`.

    Types of buses are left out: Yosys refuses some that it does not need.
    """
    written = set[str]()

    def chosen(cell: Group) -> Group | None:
        name = cell_name(cell)
        if name in written or name not in kept:
            return None
        written.add(name)
        plain = _split_pins(_without_types(cell))
        return _with_value(plain, "dont_use", "true") if name in avoided else plain

    return _with_changed_cells(_without_types(library), chosen)


def with_areas(library: Group, areas: Mapping[str, float]) -> Group:
    """Returns a library with the areas of the cells in `areas` replaced."""

    def corrected(cell: Group) -> Group:
        name = cell_name(cell)
        return _with_value(cell, "area", f"{areas[name]:g}") if name in areas else cell

    return _with_changed_cells(library, corrected)


def _with_changed_cells(library: Group, change: Callable[[Group], Group | None]) -> Group:
    changed = [change(one) if isinstance(one, Group) and one.kind == "cell" else one for one in library.items]
    return Group(library.kind, library.names, tuple(one for one in changed if one is not None), library.line)


def _without_types(group: Group) -> Group:
    items = (one for one in group.items if not (isinstance(one, Group) and one.kind == "type"))
    return Group(group.kind, group.names, tuple(items), group.line)


def _with_value(group: Group, name: str, value: str) -> Group:
    others = (one for one in group.items if not (isinstance(one, Attribute) and one.name == name))
    return Group(group.kind, group.names, (Attribute(name, (value,)), *others), group.line)


def _split_pins(cell: Group) -> Group:
    """Returns a cell with a group for each of its pins: tools overlook the pins of `pin (A, B)`."""
    items: list[Attribute | Group] = []
    for one in cell.items:
        if isinstance(one, Group) and one.kind == "pin":
            items += [Group(one.kind, (pin,), one.items, one.line) for pin in one.names]
        else:
            items.append(one)
    return Group(cell.kind, cell.names, tuple(items), cell.line)


def _write(group: Group, indent: str, lines: list[str]) -> None:
    lines.append(f"{indent}{group.kind} ({', '.join(map(_plain, group.names))}) {{")
    inner = f"{indent}  "
    for one in group.items:
        if isinstance(one, Group):
            _write(one, inner, lines)
            continue
        if one.name in _FUNCTIONS and one.values:
            lines.append(f"{inner}{one.name} : {_string(unquoted(one.values[0]))};")
        elif one.is_list:
            lines.append(f"{inner}{one.name} ({', '.join(map(_plain, one.values))});")
        elif one.values[0].startswith('"') or _WORD.fullmatch(one.values[0]):
            lines.append(f"{inner}{one.name} : {_plain(one.values[0])};")
    lines.append(f"{indent}}}")


def _plain(value: str) -> str:
    return value if _WORD.fullmatch(value) else _string(unquoted(value))


def _string(value: str) -> str:
    plain = _UNUSUAL.sub(" ", value)
    if not _is_balanced(plain):
        plain = _PARENTHESES.sub(" ", plain)
    return '"' + " ".join(plain.split()) + '"'


def _is_balanced(text: str) -> bool:
    depth = 0
    for found in _PARENTHESES.findall(text):
        depth += 1 if found == "(" else -1
        if depth < 0:
            return False
    return depth == 0
