"""Reads the outlines of cells from a LEF file."""

import re
from dataclasses import dataclass
from pathlib import Path

from reports.cells.sources import read_source

_COMMENT = re.compile(r"#[^\n]*")
_STATEMENT = re.compile(
    r"\b(?:(?P<named>MACRO|PIN)\s+(?P<name>\S+)|SIZE\s+(?P<width>\S+)\s+BY\s+(?P<height>\S+)|END\s+(?P<end>\S+)"
    r"|(?P<routing>TYPE\s+ROUTING\b))"
)
_NAME = re.compile(r"[\w.!-]+(?:\[\d+\]|<\d+>)?", re.ASCII)
_LENGTH = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)


@dataclass(frozen=True)
class Outlines:
    """sizes: width and height of each cell, um. routing_layers: number of layers for wires."""

    sizes: dict[str, tuple[float, float]]
    routing_layers: int


def read_outlines(path: Path) -> Outlines:
    """Reads a LEF file.

    Raises ValueError, naming the file, if it cannot be read, and for a size that is no length or a name of a cell or a
    pin that layout scripts could take for more than a name.
    """
    sizes: dict[str, tuple[float, float]] = {}
    cell, layers = None, 0
    for found in _STATEMENT.finditer(_COMMENT.sub("", read_source(path))):
        if found["named"] and _NAME.fullmatch(found["name"]) is None:
            raise ValueError(f"{path} has a {found['named']} of the name {found['name']!r}; allowed are plain names")
        if found["named"] == "MACRO":
            cell = found["name"]
        elif found["width"] and cell is not None:
            sizes[cell] = _length(path, cell, found["width"]), _length(path, cell, found["height"])
        elif found["routing"]:
            layers += 1
        elif found["end"] is not None and found["end"] == cell:
            cell = None
    return Outlines(sizes, layers)


def _length(path: Path, cell: str, text: str) -> float:
    if _LENGTH.fullmatch(text) is None or float(text) == 0:
        raise ValueError(f"{path} gives {cell} a size of {text!r}; allowed are positive numbers")
    return float(text)
