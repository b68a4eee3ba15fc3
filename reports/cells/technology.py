"""Technologies of qflow to lay out in: those of Debian's qflow-tech packages, or a user's folder."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reports.cells.layout_cells import LayoutCells
from reports.cells.library import Library
from reports.cells.outlines import read_outlines
from reports.cells.technology_script import check_names, read_settings

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
_FILLER = "FILL"
_NEEDED: tuple[str, ...] = ("flopcell", "floppinclk", "nandgate", "bufcell", "bufpin_in", "bufpin_out")
_NEEDED += ("clkbufcell", "clkbufpin_in", "clkbufpin_out")
_FOLDER = re.compile(r"[\w.+-]+", re.ASCII)

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
    that drives the flip-flops' clock_pin. slowness: approximate ratio of delays to osu018's. settings: the variables of
    its shell script.
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
    settings: Mapping[str, str]

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
    if _FOLDER.fullmatch(folder.name) is None:
        raise ValueError(
            f"technology {folder} has the name {folder.name!r}; allowed are letters, digits, _, ., + and -"
        )
    script = _file(folder, f"{folder.name}.sh")
    settings = read_settings(script)
    check_names(script, settings, _NEEDED)
    shapes, liberty, spice, start_of_magic = (
        _file(folder, settings.get(key, "").partition(" ")[0])
        for key in ("leffile", "libertyfile", "spicefile", "magicrc")
    )
    for ending in (".par", "_setup.tcl"):
        _file(folder, f"{folder.name}{ending}")
    flip_flop = settings["flopcell"]
    buffer, clock_buffer = (
        Buffer(settings[f"{kind}cell"], settings[f"{kind}pin_in"], settings[f"{kind}pin_out"])
        for kind in ("buf", "clkbuf")
    )
    outlines = read_outlines(shapes)
    _, row_height = outlines.sizes.get(flip_flop, (0.0, 0.0))
    widths = {cell: width for cell, (width, height) in outlines.sizes.items() if height == row_height}
    missing = {flip_flop, buffer.cell, clock_buffer.cell, _FILLER} - widths.keys()
    if missing:
        raise ValueError(f"{shapes} lacks cells that a layout needs: {', '.join(sorted(missing))}")
    # Mapping would exploit wrong areas: osu018 states 23 um2 for OAI21X1, whose layout takes 32.
    cells = LayoutCells(liberty, {cell: width * row_height for cell, width in widths.items()})
    title = _TITLES.get(folder.name, folder.name)
    library = cells.library(title, buffer.cell, load=round(_LOAD * cells.input_capacitance(settings["nandgate"])))
    _check_pins(script, settings, library)
    return Technology(
        name=folder.name,
        folder=folder,
        library=library,
        shapes=shapes,
        spice=spice,
        start_of_magic=start_of_magic,
        widths=widths,
        row_height=row_height,
        density=_DENSITY if outlines.routing_layers < _LAYERS_ENOUGH else None,
        buffer=buffer,
        clock_buffer=clock_buffer,
        clock_pin=settings["floppinclk"],
        slowness=round(cells.median_delay(flip_flop) / _REFERENCE_DELAY, 2),
        settings=settings,
    )


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise ValueError(f"{folder} is not a qflow technology: it lacks {name or 'a file that its script names'}")
    return path


def _check_pins(script: Path, settings: Mapping[str, str], library: Library) -> None:
    """Raises ValueError, naming the script, if the library lacks a cell that it names, or the cell lacks the pin."""
    for key in (name for name in _NEEDED if "pin" in name):
        name, pin = settings[f"{key.partition('pin')[0]}cell"], settings[key]
        cell = library.cells.get(name)
        if cell is None:
            raise ValueError(f"{script} names {name}, which the Liberty file lacks or which cannot be used")
        if pin not in cell.inputs | cell.outputs.keys():
            raise ValueError(f"{script} sets {key} to {pin}, which {name} lacks")
