"""Technologies of qflow to lay out in: those of Debian's qflow-tech packages, or a user's folder."""

import re
import shutil
import statistics
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reports.cells.liberty_text import input_capacitance, table_values, with_areas
from reports.cells.library import Library

SCRIPTS = Path("/usr/lib/qflow/scripts")
BINARIES = Path("/usr/lib/qflow/bin")
_INSTALLED = Path("/usr/share/qflow/tech")

_TOOLS = {
    "graywolf": "graywolf",
    "qrouter": "qrouter",
    "magic": "magic",
    "netgen-lvs": "netgen-lvs",
    "sta": "opensta",
    "iverilog": "iverilog",
}
PACKAGES = {*_TOOLS.values(), "qflow", "qflow-tech-osu018", "qflow-tech-osu035", "qflow-tech-osu050"}
"""The Debian packages that a layout uses. Only one of the technologies is needed."""

_TITLES = {"osu018": "OSU 180 nm", "osu035": "OSU 350 nm", "osu050": "OSU 500 nm"}
_NOT_FOR_LOGIC = ("TBUF*", "LATCH", "CLKBUF*", "FAX1", "HAX1", "PAD*")
_FILLER = "FILL"

_REFERENCE_DELAY = 0.149  # ns: median clock-to-output delay of osu018's flip-flop
_LAYERS_ENOUGH = 4
_DENSITY = 0.75
_LOAD = 2.4  # NAND gate inputs that each output port is assumed to drive


@dataclass(frozen=True)
class Buffer:
    """A buffer cell and its pins."""

    cell: str
    input: str
    output: str


@dataclass(frozen=True)
class Technology:
    """A technology to lay out in.

    name: the technology's name, with which its files in `folder` begin. library: logic and timing of the cells, with
    areas taken from their layouts, and the driver and load of a layout's ports. shapes: LEF file with the outlines and
    metal of the cells. spice: file with their circuits. start_of_magic: file with magic's initial commands. widths:
    cell widths by name, um. row_height: height of every cell, um. density: maximum share of the rows that cells may
    occupy; None if there are enough routing layers to fill them. buffer: cell that drives outputs. clock_buffer: cell
    that drives the flip-flops' clock_pin. slowness: approximate ratio of delays to osu018's.
    """

    name: str
    folder: Path
    library: Library
    shapes: Path
    spice: Path
    start_of_magic: Path
    widths: dict[str, float]
    row_height: float
    density: float | None
    buffer: Buffer
    clock_buffer: Buffer
    clock_pin: str
    slowness: float

    def area(self, cell: str) -> float:
        """Returns the area of a cell, um2."""
        return self.widths[cell] * self.row_height

    @property
    def models(self) -> Path:
        """The Verilog models of the cells, with delays; not every technology has this file."""
        return self.folder / f"{self.name}_stdcells.v"

    @property
    def filler(self) -> str:
        """The cell that fills gaps in the rows."""
        return _FILLER


def check_tools() -> None:
    """Raises ValueError, naming the Debian packages to install, if a tool that layouts need is missing."""
    missing = {package for tool, package in _TOOLS.items() if shutil.which(tool) is None}
    missing |= {"qflow"} - ({"qflow"} if SCRIPTS.is_dir() else set())
    if missing:
        raise ValueError(f"a layout needs tools that are missing; apt-get install {' '.join(sorted(missing))}")


def osu018() -> Technology:
    """Returns the OSU 180 nm technology. Raises ValueError like `load_technology`."""
    return load_technology("osu018")


def installed_technologies() -> list[str]:
    """Returns the names of the installed qflow technologies."""
    return sorted(path.name for path in _INSTALLED.glob("*") if path.is_dir())


def load_technology(name: str) -> Technology:
    """Returns `read_technology(name)`. Also raises ValueError if a tool that layouts need is missing."""
    check_tools()
    return read_technology(name)


@cache
def read_technology(name: str) -> Technology:
    """Reads a qflow technology.

    name: an installed technology, such as osu018, or the path of a folder. A folder FOLDER contains FOLDER.sh,
    FOLDER.par, FOLDER_setup.tcl and the files that FOLDER.sh names, like the folders of Debian's qflow-tech packages.
    Raises ValueError if the technology is missing or incomplete.
    """
    if Path(name).is_dir():
        return _read(Path(name).resolve())
    if name not in installed_technologies():
        raise ValueError(
            f"no technology {name!r}: it is neither a folder nor installed; installed are "
            f"{', '.join(installed_technologies()) or 'none'}; "
            "Debian has the packages qflow-tech-osu018, qflow-tech-osu035 and qflow-tech-osu050"
        )
    return _read(_INSTALLED / name)


def _read(folder: Path) -> Technology:
    settings = _settings(folder)
    shapes, liberty, spice, start_of_magic = (
        _file(folder, settings.get(key, "")) for key in ("leffile", "libertyfile", "spicefile", "magicrc")
    )
    for ending in (".par", "_setup.tcl"):
        _file(folder, f"{folder.name}{ending}")
    layouts = shapes.read_text()
    routing_layers = len(re.findall(r"\bTYPE\s+ROUTING\b", layouts))
    sizes = re.findall(r"MACRO (\w+)\b(?:(?!END \1).)*?SIZE\s+([\d.]+)\s+BY\s+([\d.]+)", layouts, re.DOTALL)
    flip_flop, buffer, clock_buffer = settings["flopcell"], settings["bufcell"], settings["clkbufcell"]
    row_height = next((float(height) for cell, _, height in sizes if cell == flip_flop), 0.0)
    widths = {cell: float(width) for cell, width, height in sizes if float(height) == row_height}
    missing = {flip_flop, buffer, clock_buffer, _FILLER} - widths.keys()
    if missing:
        raise ValueError(f"{shapes} lacks cells that a layout needs: {', '.join(sorted(missing))}")
    # Mapping would exploit wrong areas: osu018 states 23 um2 for OAI21X1, whose layout takes 32.
    text = with_areas(liberty.read_text(), {cell: width * row_height for cell, width in widths.items()})
    delay = statistics.median(table_values(text, flip_flop, "cell_rise"))
    return Technology(
        name=folder.name,
        folder=folder,
        library=Library(
            _TITLES.get(folder.name, folder.name),
            text,
            _NOT_FOR_LOGIC,
            buffer=buffer,
            port_load=round(_LOAD * input_capacitance(text, settings["nandgate"])),
        ),
        shapes=shapes,
        spice=spice,
        start_of_magic=start_of_magic,
        widths=widths,
        row_height=row_height,
        density=_DENSITY if routing_layers < _LAYERS_ENOUGH else None,
        buffer=Buffer(buffer, settings["bufpin_in"], settings["bufpin_out"]),
        clock_buffer=Buffer(clock_buffer, settings["clkbufpin_in"], settings["clkbufpin_out"]),
        clock_pin=settings["floppinclk"],
        slowness=round(delay / _REFERENCE_DELAY, 2),
    )


def _settings(folder: Path) -> dict[str, str]:
    """Reads the variables of the technology's shell script."""
    script = _file(folder, f"{folder.name}.sh")
    found = dict(re.findall(r'^\s*set (\w+)="?([^\s";]*)', script.read_text(), re.MULTILINE))
    needed = {"flopcell", "floppinclk", "nandgate"} | {
        f"{prefix}{end}" for prefix in ("buf", "clkbuf") for end in ("cell", "pin_in", "pin_out")
    }
    missing = needed - {key for key, value in found.items() if value}
    if missing:
        raise ValueError(f"{script} does not set what a layout needs: {', '.join(sorted(missing))}")
    return found


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise ValueError(f"{folder} is not a qflow technology: it lacks {name or 'a file that its script names'}")
    return path
