"""Reads and corrects Liberty source with regular expressions, without a full parser."""

import re
import statistics

_TIME_UNIT = r'\btime_unit\s*:\s*"?\s*([\d.]+)\s*([a-z]+)'
_LOAD_UNIT = r'\bcapacitive_load_unit\s*\(\s*([\d.]+)\s*,\s*"?\s*([a-z]+)'
_CELL_AREA = r'\bcell\s*\(\s*"?([\w.]+)"?\s*\)\s*\{.*?\barea\s*:\s*"?([\d.eE+-]+)'
_CAPACITANCE = r"\bcapacitance\s*:\s*\"?([\d.eE+-]+)"


def without_comments(liberty: str) -> str:
    """Returns the source without its block comments."""
    return re.sub(r"/\*.*?\*/", "", liberty, flags=re.DOTALL)


def stated_units(liberty: str) -> tuple[list[tuple[str, str]], ...]:
    """Returns the units of time and capacitance as written in the source."""
    return tuple(re.findall(unit, liberty, re.IGNORECASE) for unit in (_TIME_UNIT, _LOAD_UNIT))


def time_unit(liberty: str) -> float:
    """Returns the unit of time, ns; 1 ns if the source states none. Raises ValueError if the unit is unknown."""
    return _unit(_TIME_UNIT, liberty, "time_unit", {"ns": 1.0, "ps": 1e-3, "us": 1e3}, default=1.0)


def load_unit(liberty: str) -> float:
    """Returns the unit of capacitance, fF; 1 pF if the source states none. Raises ValueError if the unit is unknown."""
    return _unit(_LOAD_UNIT, liberty, "capacitive_load_unit", {"ff": 1.0, "pf": 1e3}, default=1e3)


def cell_areas(liberty: str) -> dict[str, float]:
    """Returns the stated area of each cell, in the library's unit."""
    return {cell: float(area) for cell, area in re.findall(_CELL_AREA, liberty, re.DOTALL)}


def median_capacitance(liberty: str) -> float | None:
    """Returns the median of all positive pin capacitances, fF; None if the source states none."""
    unit = load_unit(liberty)
    values = [value for value in map(float, re.findall(_CAPACITANCE, liberty)) if value > 0]
    return unit * statistics.median(values) if values else None


def with_areas(liberty: str, areas: dict[str, float]) -> str:
    """Returns the source with the area of every cell in `areas` replaced."""

    def corrected(found: re.Match[str]) -> str:
        before, cell = found.group(1), found.group(2)
        return f"{before}{areas[cell]:g}" if cell in areas else found.group(0)

    pattern = re.compile(r"(cell \((\w+)\)\s*\{(?:(?!cell \().)*?area\s*:\s*)[\d.]+", re.DOTALL)
    return pattern.sub(corrected, liberty)


def table_values(liberty: str, cell: str, table: str) -> list[float]:
    """Returns the values of the cell's first table of that name. Raises ValueError if there is none."""
    found = re.search(rf"\b{table}\s*\([^)]*\)\s*\{{.*?values\s*\((.*?)\)", _cell(liberty, cell), re.DOTALL)
    numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", found.group(1))] if found else []
    if not numbers:
        raise ValueError(f"the technology's Liberty file has no {table} for {cell}")
    return numbers


def input_capacitance(liberty: str, cell: str) -> float:
    """Returns the capacitance of the cell's first pin, fF. Raises ValueError if the source does not state it in pF."""
    found = re.search(r"\bcapacitance\s*:\s*([\d.]+)", _cell(liberty, cell))
    if found is None or not re.search(r"capacitive_load_unit\s*\(\s*1(?:\.0)?\s*,\s*pf\s*\)", liberty, re.IGNORECASE):
        raise ValueError(f"the technology's Liberty file does not give the capacitance of {cell} in pF")
    return 1000 * float(found.group(1))


def _cell(liberty: str, cell: str) -> str:
    found = re.search(rf"\bcell \({cell}\)\s*\{{(.*?)(?=\bcell \(|\Z)", liberty, re.DOTALL)
    if found is None:
        raise ValueError(f"the technology's Liberty file lacks the cell {cell}")
    return found.group(1)


def _unit(pattern: str, liberty: str, name: str, units: dict[str, float], default: float) -> float:
    found = re.search(pattern, liberty, re.IGNORECASE)
    if found is None:
        return default
    if found.group(2).lower() not in units:
        raise ValueError(f"the library's {name} is in {found.group(2)}; known are {', '.join(units)}")
    return float(found.group(1)) * units[found.group(2).lower()]
