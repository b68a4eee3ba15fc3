"""A library of standard cells."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reports.cells.liberty_text import cell_areas, median_capacitance, time_unit
from sim.gates.cells import read_cells
from sim.gates.expressions import Expression

_FANOUT = 4  # inputs of median capacitance that each output port is assumed to drive


@dataclass(frozen=True)
class Library:
    """A standard-cell library, with the boundary conditions of synthesis and timing.

    name: short name for reports. text: Liberty source. dont_use: cells to avoid, or patterns of their names. buffer:
    the cell that drives inputs. port_load: the load of each output, fF. Both are derived from the library if None.
    """

    name: str
    text: str
    dont_use: tuple[str, ...] = ()
    buffer: str | None = None
    port_load: float | None = None

    @property
    def has_timing(self) -> bool:
        """Whether the cells have delays."""
        return re.search(r"\btiming\s*\(\s*\)", self.text) is not None

    @property
    def time_unit(self) -> float:
        """The library's unit of time, ns. Raises ValueError if the unit is unknown."""
        return time_unit(self.text)

    @property
    def driver(self) -> str | None:
        """The cell that drives inputs: `buffer`, or else the smallest usable buffer; None if none is found."""
        if self.buffer is not None:
            return self.buffer
        areas = cell_areas(self.text)
        try:
            cells = read_cells(self.text)
        except ValueError:  # Yosys accepts more of Liberty than `read_cells` does
            return None
        buffers = [
            name
            for name, cell in cells.items()
            if name in areas
            and len(cell.inputs) == 1
            and list(cell.outputs.values()) == [Expression(pin) for pin in cell.inputs]
            and not any(fnmatchcase(name, pattern) for pattern in self.dont_use)
        ]
        return min(buffers, key=lambda name: (areas[name], name), default=None)

    @property
    def output_load(self) -> float:
        """The load of each output, fF: `port_load`, or else four inputs of median capacitance.

        It is 0 if the library states no capacitances.
        """
        if self.port_load is not None:
            return self.port_load
        capacitance = median_capacitance(self.text)
        return 0.0 if capacitance is None else round(_FANOUT * capacitance, 3)

    @property
    def constraints(self) -> str:
        """ABC's constraints file: the cell that drives inputs and the load of outputs."""
        driver = f"set_driving_cell {self.driver}\n" if self.driver else ""
        return f"{driver}set_load {self.output_load:g}\n"

    @property
    def dont_use_options(self) -> str:
        """Yosys's options that exclude the cells in `dont_use`."""
        return " ".join(f"-dont_use {pattern}" for pattern in self.dont_use)
