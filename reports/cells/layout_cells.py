"""The cells of a technology's Liberty file that layouts can use."""

import re
import statistics
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from reports.cells.liberty_copy import liberty_text, with_areas, with_cells
from reports.cells.liberty_text import input_capacitance, table_values
from reports.cells.library import Library
from reports.cells.sources import read_source
from sim.gates.cells import cell_name
from sim.gates.liberty import Group, parse_liberty

PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
"""Names that Verilog, BLIF and Tcl take as they are."""

_NOT_FOR_LOGIC = ("TBUF*", "LATCH", "CLKBUF*", "FAX1", "HAX1", "PAD*")


class LayoutCells:
    """The cells of a Liberty file, with areas taken from their layouts.

    areas: of the cells that fit into the rows, um2. Raises ValueError, naming the file, if it cannot be read.
    """

    def __init__(self, path: Path, areas: Mapping[str, float]) -> None:
        self._path = path
        self._fitting = areas.keys()
        self._tree = with_areas(parse_liberty(read_source(path), str(path)), areas)

    def library(self, name: str, buffer: str, load: float) -> Library:
        """Returns the cells as a library, without those that cannot be placed or named in scripts."""
        reasons = {cell_name(cell): self._reason(cell) for cell in self._tree.all("cell")}
        left_out = {cell: reason for cell, reason in reasons.items() if reason is not None}
        text = liberty_text(with_cells(self._tree, reasons.keys() - left_out.keys(), ()))
        return Library(name, text, _NOT_FOR_LOGIC, buffer=buffer, port_load=load, left_out=left_out)

    def median_delay(self, flip_flop: str) -> float:
        """Returns the median delay from a flip-flop's clock to its output, ns. Raises ValueError without one."""
        try:
            delay = statistics.median(table_values(self._tree, flip_flop, "cell_rise"))
        except ValueError as error:
            raise ValueError(f"{self._path} {error}") from error
        if delay <= 0:
            raise ValueError(f"{self._path} gives {flip_flop} a median delay of {delay} ns; allowed are positive ones")
        return delay

    def input_capacitance(self, cell: str) -> float:
        """Returns the capacitance of a cell's first pin, fF. Raises ValueError without one."""
        try:
            return input_capacitance(self._tree, cell)
        except ValueError as error:
            raise ValueError(f"{self._path} {error}") from error

    def _reason(self, cell: Group) -> str | None:
        """Returns why a cell cannot be laid out; None if it can, or if it is not for logic anyway."""
        name, pins = cell_name(cell), [pin for group in cell.all("pin") for pin in group.names]
        if any(fnmatchcase(name, pattern) for pattern in _NOT_FOR_LOGIC):
            return None
        if any(PLAIN.fullmatch(one) is None for one in (name, *pins)):
            return "a name with more than letters, digits and _"
        return None if name in self._fitting else "no outline of the rows' height"
