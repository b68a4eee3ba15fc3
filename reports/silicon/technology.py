"""The OSU 180 nm standard cells, as Debian's qflow-tech-osu018 installs them."""

import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SCRIPTS = Path("/usr/lib/qflow/scripts")
BINARIES = Path("/usr/lib/qflow/bin")
FOLDER = Path("/usr/share/qflow/tech/osu018")

_TOOLS = {
    "graywolf": "graywolf",
    "qrouter": "qrouter",
    "magic": "magic",
    "netgen-lvs": "netgen-lvs",
    "sta": "opensta",
}
PACKAGES = {*_TOOLS.values(), "qflow", "qflow-tech-osu018"}
"""The Debian packages that a layout needs."""

ROW_HEIGHT = 10.0
"""Height of a row of cells, um."""

_NOT_FOR_LOGIC = ("TBUF*", "LATCH", "CLKBUF*", "FAX1", "HAX1")


@dataclass(frozen=True)
class Technology:
    """Standard cells to place.

    liberty: their logic and timing, with the areas corrected. widths: of each cell in um, by name; all are as high as
    a row. dont_use: patterns of cells that logic is not mapped to.
    """

    liberty: str
    widths: dict[str, float]
    dont_use: tuple[str, ...] = _NOT_FOR_LOGIC

    def area(self, cell: str) -> float:
        """Area of a cell, um2."""
        return self.widths[cell] * ROW_HEIGHT


def check_tools() -> None:
    """Raises ValueError, naming the Debian package, if a tool of the layout is missing."""
    missing = {package for tool, package in _TOOLS.items() if shutil.which(tool) is None}
    missing |= {package for package, path in (("qflow", SCRIPTS), ("qflow-tech-osu018", FOLDER)) if not path.is_dir()}
    if missing:
        raise ValueError(f"a layout needs tools that are missing; apt-get install {' '.join(sorted(missing))}")


@cache
def osu018() -> Technology:
    """The technology that is installed. Raises ValueError if it, or a tool that goes with it, is missing."""
    check_tools()
    layout = (FOLDER / "osu018_stdcells.lef").read_text()
    sizes = re.findall(r"MACRO (\w+)\b(?:(?!END \1).)*?SIZE\s+([\d.]+)\s+BY\s+([\d.]+)", layout, re.DOTALL)
    widths = {name: float(width) for name, width, height in sizes if float(height) == ROW_HEIGHT}
    liberty = (FOLDER / "osu018_stdcells.lib").read_text()

    def corrected(found: re.Match[str]) -> str:
        before, cell = found.group(1), found.group(2)
        return f"{before}{widths[cell] * ROW_HEIGHT:g}" if cell in widths else found.group(0)

    # Some areas in the file are not those of the cells (OAI21X1 23 instead of 32), which mapping would exploit.
    pattern = re.compile(r"(cell \((\w+)\)\s*\{(?:(?!cell \().)*?area\s*:\s*)[\d.]+", re.DOTALL)
    return Technology(pattern.sub(corrected, liberty), widths)
