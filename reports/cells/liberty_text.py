"""What a Liberty library states: units, capacitances, delays. Parameter source: names the library in errors."""

import math
import re
import statistics

from sim.gates.cells import cell_name
from sim.gates.liberty import Group

_TIME_UNITS = {"ns": 1.0, "ps": 1e-3, "us": 1e3}
_LOAD_UNITS = {"ff": 1.0, "pf": 1e3}
_UNIT = re.compile(r"([\d.]+)\s*([a-z]+)", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?", re.IGNORECASE)


def time_unit(library: Group, source: str = "the library") -> float:
    """Returns the unit of time, ns; 1 ns if the source states none. Raises ValueError if the unit is unknown."""
    stated = library.value("time_unit")
    return 1.0 if stated is None else _unit(source, "time_unit", stated, _TIME_UNITS)


def load_unit(library: Group, source: str = "the library") -> float:
    """Returns the unit of capacitance, fF; 1 pF if the source states none. Raises ValueError if the unit is unknown."""
    stated = library.values("capacitive_load_unit")
    return _LOAD_UNITS["pf"] if not stated else _unit(source, "capacitive_load_unit", " ".join(stated), _LOAD_UNITS)


def has_timing(library: Group) -> bool:
    """Returns whether any cell has delays."""
    return any(group.kind == "timing" for group in library.walk())


def median_capacitance(library: Group, source: str = "the library") -> float | None:
    """Returns the median of all positive capacitances, fF; None if the source states none.

    Raises ValueError as `load_unit`.
    """
    stated = (_number(group.value("capacitance")) for group in library.walk())
    values = [value for value in stated if value is not None and value > 0]
    return load_unit(library, source) * statistics.median(values) if values else None


def table_values(library: Group, cell: str, table: str) -> list[float]:
    """Returns the values of the cell's first table of that name. Raises ValueError if there is none."""
    tables = [group for group in _cell(library, cell).walk() if group.kind == table]
    text = " ".join(tables[0].values("values")) if tables else ""
    numbers = [float(number) for number in _NUMBER.findall(text)]
    if not numbers:
        raise ValueError(f"has no {table} for {cell}")
    return numbers


def input_capacitance(library: Group, cell: str) -> float:
    """Returns the capacitance of the cell's first pin, fF. Raises ValueError if the source does not state it in pF."""
    pins = _cell(library, cell).all("pin")
    stated = (_number(pin.value("capacitance")) for pin in pins)
    capacitance = next((value for value in stated if value is not None), None)
    number, unit = (*library.values("capacitive_load_unit"), "", "")[:2]
    if capacitance is None or _number(number) != 1 or unit.lower() != "pf":
        raise ValueError(f"does not give the capacitance of {cell} in pF")
    return 1000 * capacitance


def _cell(library: Group, name: str) -> Group:
    found = next((cell for cell in library.all("cell") if cell_name(cell) == name), None)
    if found is None:
        raise ValueError(f"lacks the cell {name}")
    return found


def _number(stated: str | None) -> float | None:
    """Returns a stated number; None if it is none, or not a number."""
    try:
        value = float(stated or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _unit(source: str, name: str, stated: str, units: dict[str, float]) -> float:
    found = _UNIT.match(stated)
    number = _number(found[1]) if found else None
    if found is None or not number or found[2].lower() not in units:
        raise ValueError(f"{source} has the {name} {stated!r}; known are numbers of {', '.join(units)}")
    return number * units[found[2].lower()]
