"""A library of standard cells."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from models.listing import listed
from reports.cells.liberty_copy import liberty_text, with_cells
from reports.cells.liberty_text import has_timing, median_capacitance, time_unit
from reports.cells.patterns import check_patterns, matches
from sim.gates.cells import CellSet, LibraryCell, cell_set
from sim.gates.expressions import Expression, inverted
from sim.gates.liberty import Group, parse_liberty

NAMED = 12
"""How many cells a message names."""

_FANOUT = 4  # inputs of median capacitance that each output port is assumed to drive
_PRINTABLE = re.compile(r"[\w.$\[\]-]+", re.ASCII)


@dataclass(frozen=True)
class Library:
    """A standard-cell library, with the boundary conditions of synthesis and timing.

    name: short name for reports. text: Liberty source. dont_use: cells to avoid, or patterns of their names, beside
    those that the source marks as not for logic. buffer: the cell that drives inputs. port_load: the load of each
    output, fF. Both are derived from the library if None. left_out: cells that `text` no longer has, each with the
    reason. Raises ValueError for a pattern with characters that no name or pattern has.
    """

    name: str
    text: str
    dont_use: tuple[str, ...] = ()
    buffer: str | None = None
    port_load: float | None = None
    left_out: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_patterns(self.dont_use)

    @property
    def _tree(self) -> Group:
        return parse_liberty(self.text, self.name)

    @cached_property
    def _cells(self) -> CellSet:
        return cell_set(self.text)

    @property
    def cells(self) -> dict[str, LibraryCell]:
        """The cells that can be used, by name, those to avoid included. Raises ValueError if `text` is not Liberty."""
        return self._cells.usable

    @cached_property
    def chosen_cells(self) -> dict[str, LibraryCell]:
        """The cells that can be used and need not be avoided, by name."""
        return {name: cell for name, cell in self.cells.items() if cell.for_logic and not self._avoids(name)}

    @cached_property
    def usable_text(self) -> str:
        """Liberty source for tools: only cells that can be used, with those to avoid marked as `dont_use`."""
        return liberty_text(with_cells(self._tree, self.cells, self.cells.keys() - self.chosen_cells.keys()))

    @cached_property
    def note(self) -> str | None:
        """A line that names the cells that cannot be used or are defined again; None if there are none.

        Cells to avoid are left out.
        """
        skipped = {
            name: reason for name, reason in {**self.left_out, **self._cells.unusable}.items() if not self._avoids(name)
        }
        total = len(self.left_out) + len(self._cells.unusable) + len(self.cells)
        reasons = [f"{_shown(name)} ({reason})" for name, reason in skipped.items()]
        repeated = [_shown(name) for name in self._cells.repeated if not self._avoids(name)]
        parts = [f"{len(skipped)} of {total} cells cannot be used: {listed(reasons, NAMED)}"] if reasons else []
        parts += [f"second definitions are ignored: {listed(repeated, NAMED)}"] if repeated else []
        return f"{self.name}: {'; '.join(parts)}" if parts else None

    def unmatched(self, patterns: Iterable[str]) -> list[str]:
        """Returns the patterns that match no cell of the library."""
        names = [*self.cells, *self._cells.unusable, *self.left_out]
        return [pattern for pattern in patterns if not any(matches(name, pattern) for name in names)]

    @cached_property
    def has_timing(self) -> bool:
        """Whether the cells have delays."""
        return "timing" in self.text and has_timing(self._tree)

    @cached_property
    def time_unit(self) -> float:
        """The library's unit of time, ns. Raises ValueError if the unit is unknown."""
        return time_unit(self._tree, self.name)

    @cached_property
    def driver(self) -> str | None:
        """The cell that drives inputs: `buffer`, or else the smallest usable buffer; None if none is found."""
        if self.buffer is not None:
            return self.buffer
        buffers = [(cell.area, name) for name, cell in self.chosen_cells.items() if _is_buffer(cell)]
        return min(buffers)[1] if buffers else None

    @property
    def missing(self) -> list[str]:
        """What every unit is mapped to and the library does not have, such as `an inverter`."""
        cells = self.chosen_cells.values()
        found = {
            "a buffer": any(map(_is_buffer, cells)),
            "an inverter": any(_is_inverter(cell) for cell in cells),
            "a two-input gate": any(len(cell.inputs) == 2 and cell.flip_flop is None for cell in cells),
            "a D flip-flop": any(
                cell.flip_flop is not None and len(cell.flip_flop.next_state.pins()) == 1 for cell in cells
            ),
        }
        return [kind for kind, present in found.items() if not present]

    @cached_property
    def output_load(self) -> float:
        """The load of each output, fF: `port_load`, or else four inputs of median capacitance.

        It is 0 if the library states no capacitances.
        """
        if self.port_load is not None:
            return self.port_load
        capacitance = median_capacitance(self._tree, self.name)
        return 0.0 if capacitance is None else round(_FANOUT * capacitance, 3)

    @property
    def constraints(self) -> str:
        """ABC's constraints file: the cell that drives inputs and the load of outputs."""
        driver = f"set_driving_cell {self.driver}\n" if self.driver else ""
        return f"{driver}set_load {self.output_load:g}\n"

    def _avoids(self, name: str) -> bool:
        return any(matches(name, pattern) for pattern in self.dont_use)


def _is_buffer(cell: LibraryCell) -> bool:
    return list(cell.outputs.values()) == [Expression(pin) for pin in cell.inputs]


def _is_inverter(cell: LibraryCell) -> bool:
    return list(cell.outputs.values()) == [inverted(Expression(pin)) for pin in cell.inputs]


def _shown(name: str) -> str:
    return name if _PRINTABLE.fullmatch(name) else repr(name[:40])
