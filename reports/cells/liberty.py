"""Liberty libraries: the built-in one, written from a table of cell facts, and any that a user passes."""

import gzip
import re
import statistics
import zlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from reports.cells.builtin import builtin_text
from reports.cells.technology import installed_technologies, read_technology
from sim.gates.cells import read_cells
from sim.gates.expressions import Expression

BUILTIN = "builtin"

_DONT_USE = ("FA_X1", "HA_X1")
_TIME_UNIT = r'\btime_unit\s*:\s*"?\s*([\d.]+)\s*([a-z]+)'
_LOAD_UNIT = r'\bcapacitive_load_unit\s*\(\s*([\d.]+)\s*,\s*"?\s*([a-z]+)'
_CELL_AREA = r'\bcell\s*\(\s*"?([\w.]+)"?\s*\)\s*\{.*?\barea\s*:\s*"?([\d.eE+-]+)'
_UNITS = (_TIME_UNIT, _LOAD_UNIT)


@dataclass(frozen=True)
class Library:
    """A standard-cell library.

    name: short name for reports. text: its Liberty source. dont_use: cells, or patterns of cells, to leave alone.
    """

    name: str
    text: str
    dont_use: tuple[str, ...] = ()

    @property
    def has_timing(self) -> bool:
        """Whether its cells have delays."""
        return re.search(r"\btiming\s*\(\s*\)", self.text) is not None

    @property
    def time_unit(self) -> float:
        """What it counts time in, ns."""
        return _quantity(_TIME_UNIT, self.text, "time_unit", {"ns": 1.0, "ps": 1e-3, "us": 1e3}, default=1.0)

    @property
    def driver(self) -> str | None:
        """The smallest buffer that may be used, for the inputs of logic; None if there is none, or none can be told."""
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
        found = [float(value) for value in re.findall(r"\bcapacitance\s*:\s*\"?([\d.eE+-]+)", self.text)]
        values = [value for value in found if value > 0]
        unit = _quantity(_LOAD_UNIT, self.text, "capacitive_load_unit", {"ff": 1.0, "pf": 1e3}, default=1e3)
        return round(4 * unit * statistics.median(values), 3) if values else 0.0


def _quantity(pattern: str, text: str, name: str, units: dict[str, float], default: float) -> float:
    """A unit that a library states, or the default that the format has for it."""
    found = re.search(pattern, text, re.IGNORECASE)
    if found is None:
        return default
    if found.group(2).lower() not in units:
        raise ValueError(f"the library's {name} is in {found.group(2)}; known are {', '.join(units)}")
    return float(found.group(1)) * units[found.group(2).lower()]


def load_library(name: str, dont_use: tuple[str, ...] = ()) -> Library:
    """The built-in library for the name `builtin`, else that of a Liberty file, plain or gzipped.

    name: a path, or the name of an installed technology of qflow, such as osu018. A library in several files is a
    folder that holds them and no other Liberty files, or their paths with commas between them. Raises ValueError if a
    file cannot be read or is not Liberty, if the files do not fit together, or if they lack what a netlist needs:
    flip-flops and gates.
    """
    if name == BUILTIN:
        return Library("Nangate 45 nm (built-in table)", builtin_text(), (*_DONT_USE, *dont_use))
    if name in installed_technologies():
        technology = read_technology(name)
        return Library(technology.title, technology.liberty, (*technology.dont_use, *dont_use))
    folder = Path(name)
    paths = [Path(part) for part in name.split(",")]
    if folder.is_dir():
        paths = sorted(path for path in folder.iterdir() if path.name.endswith((".lib", ".lib.gz")))
        if not paths:
            raise ValueError(f"{folder} holds no Liberty files (.lib or .lib.gz)")
    texts = [_read(path) for path in paths]
    text = texts[0] if len(texts) == 1 else _joined(texts, paths)
    _check_cells(text, name)
    return Library(folder.name if len(paths) == 1 or folder.is_dir() else _common_name(paths), text, dont_use)


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except FileNotFoundError as error:
        raise ValueError(
            f"{path}: no such file; a library is '{BUILTIN}', a Liberty file, several with commas, or a folder"
        ) from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as a Liberty file: {error}") from error
    bare = _without_comments(text)
    if not re.search(r"\blibrary\s*\(", bare) or not re.search(r"\bcell\s*\(", bare):
        raise ValueError(f"{path} is not a Liberty file: it has no library with cells")
    if bare.count("{") != bare.count("}"):
        raise ValueError(f"{path} is truncated: its braces do not match")
    return text


def _joined(texts: list[str], paths: list[Path]) -> str:
    """Several libraries as one: the first, with the groups of the others. Their units must be the same."""
    bare = [_without_comments(text) for text in texts]
    cells: dict[str, Path] = {}
    for text, path in zip(bare, paths, strict=True):
        for unit in _UNITS:
            units = [re.findall(unit, one, re.IGNORECASE) for one in (bare[0], text)]
            if units[0] != units[1]:
                raise ValueError(f"{path} and {paths[0]} are not one library: their units differ")
        for cell in re.findall(r"\bcell\s*\(\s*\"?([\w.]+)", text):
            if cell in cells:
                raise ValueError(f"{path} and {cells[cell]} both have a cell {cell}")
            cells[cell] = path
    head = bare[0][: bare[0].rindex("}")]
    return "\n".join([head, *(text[text.index("{") + 1 : text.rindex("}")] for text in bare[1:]), "}\n"])


def _common_name(paths: list[Path]) -> str:
    """What the files' names begin with, or all of them."""
    names = [path.name for path in paths]
    same = next((place for place, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1), 0)
    return names[0][:same].rstrip("_-.") or "+".join(names)


def _without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def _check_cells(text: str, name: str) -> None:
    bare = _without_comments(text)
    if not re.search(r"\bff\s*\(", bare):
        raise ValueError(f"{name} has no flip-flops (no cell with an ff group); a MAC unit needs them")
    if not re.search(r"\bfunction\s*:", bare):
        raise ValueError(f"{name} has no gates (no pin with a function)")
