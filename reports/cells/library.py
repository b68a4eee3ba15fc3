"""A library of standard cells."""

import re
import statistics
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sim.gates.cells import read_cells
from sim.gates.expressions import Expression

TIME_UNIT = r'\btime_unit\s*:\s*"?\s*([\d.]+)\s*([a-z]+)'
"""Finds the unit of time in a Liberty source."""

LOAD_UNIT = r'\bcapacitive_load_unit\s*\(\s*([\d.]+)\s*,\s*"?\s*([a-z]+)'
"""Finds the unit of capacitance in a Liberty source."""

_CELL_AREA = r'\bcell\s*\(\s*"?([\w.]+)"?\s*\)\s*\{.*?\barea\s*:\s*"?([\d.eE+-]+)'


@dataclass(frozen=True)
class Library:
    """A standard-cell library, as synthesis and timing need it.

    name: short name for reports. text: its Liberty source. dont_use: cells, or patterns of cells, to leave alone.
    buffer, port_load: the cell that drives inputs, and what outputs drive, fF; found in the library if left out.
    """

    name: str
    text: str
    dont_use: tuple[str, ...] = ()
    buffer: str | None = None
    port_load: float | None = None

    @property
    def has_timing(self) -> bool:
        """Whether its cells have delays."""
        return re.search(r"\btiming\s*\(\s*\)", self.text) is not None

    @property
    def time_unit(self) -> float:
        """What it counts time in, ns."""
        return _quantity(TIME_UNIT, self.text, "time_unit", {"ns": 1.0, "ps": 1e-3, "us": 1e3}, default=1.0)

    @property
    def driver(self) -> str | None:
        """The smallest buffer that may be used, for the inputs of logic; None if there is none, or none can be told."""
        if self.buffer is not None:
            return self.buffer
        areas = dict(re.findall(_CELL_AREA, self.text, re.DOTALL))
        try:
            cells = read_cells(self.text)
        except ValueError:  # Yosys reads more of Liberty than this
            return None
        buffers = [
            name
            for name, cell in cells.items()
            if name in areas
            and len(cell.inputs) == 1
            and list(cell.outputs.values()) == [Expression(pin) for pin in cell.inputs]
            and not any(fnmatchcase(name, pattern) for pattern in self.dont_use)
        ]
        return min(buffers, key=lambda name: (float(areas[name]), name), default=None)

    @property
    def output_load(self) -> float:
        """What a port drives: four inputs of median capacitance, fF; 0 if the library gives no capacitances."""
        if self.port_load is not None:
            return self.port_load
        found = [float(value) for value in re.findall(r"\bcapacitance\s*:\s*\"?([\d.eE+-]+)", self.text)]
        values = [value for value in found if value > 0]
        unit = _quantity(LOAD_UNIT, self.text, "capacitive_load_unit", {"ff": 1.0, "pf": 1e3}, default=1e3)
        return round(4 * unit * statistics.median(values), 3) if values else 0.0

    @property
    def constraints(self) -> str:
        """What drives the inputs of logic and what its outputs drive, for ABC."""
        driver = f"set_driving_cell {self.driver}\n" if self.driver else ""
        return f"{driver}set_load {self.output_load:g}\n"

    @property
    def dont_use_options(self) -> str:
        """Yosys's options to leave cells alone."""
        return " ".join(f"-dont_use {pattern}" for pattern in self.dont_use)


def _quantity(pattern: str, text: str, name: str, units: dict[str, float], default: float) -> float:
    """A unit that a library states, or the default that the format has for it."""
    found = re.search(pattern, text, re.IGNORECASE)
    if found is None:
        return default
    if found.group(2).lower() not in units:
        raise ValueError(f"the library's {name} is in {found.group(2)}; known are {', '.join(units)}")
    return float(found.group(1)) * units[found.group(2).lower()]
