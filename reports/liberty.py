"""Liberty libraries: the built-in one, written from a table of cell facts, and any that a user passes."""

import csv
import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

BUILTIN = "builtin"

_TABLE = Path(__file__).with_name("libraries") / "cells45.tsv"
_DONT_USE = ("FA_X1", "HA_X1")


@dataclass(frozen=True)
class Library:
    """A standard-cell library.

    name: short name for reports. text: its Liberty source. dont_use: cells, or patterns of cells, to leave alone.
    """

    name: str
    text: str
    dont_use: tuple[str, ...] = ()


def load_library(name: str, dont_use: tuple[str, ...] = ()) -> Library:
    """The built-in library for the name `builtin`, else the Liberty file of that path, plain or gzipped.

    Raises ValueError if the file cannot be read, is not Liberty, or lacks what a netlist needs: flip-flops and gates.
    """
    if name == BUILTIN:
        return Library("Nangate 45 nm (built-in table)", _builtin_text(), (*_DONT_USE, *dont_use))
    path = Path(name)
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file; a library is '{BUILTIN}' or a Liberty file") from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as a Liberty file: {error}") from error
    _check(text, path)
    return Library(path.name, text, dont_use)


def _check(text: str, path: Path) -> None:
    bare = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    if not re.search(r"\blibrary\s*\(", bare) or not re.search(r"\bcell\s*\(", bare):
        raise ValueError(f"{path} is not a Liberty file: it has no library with cells")
    if bare.count("{") != bare.count("}"):
        raise ValueError(f"{path} is truncated: its braces do not match")
    if not re.search(r"\bff\s*\(", bare):
        raise ValueError(f"{path} has no flip-flops (no cell with an ff group); a MAC unit needs them")
    if not re.search(r"\bfunction\s*:", bare):
        raise ValueError(f"{path} has no gates (no pin with a function)")


def _builtin_text() -> str:
    """The Liberty source of the table in libraries/cells45.tsv: areas, functions, capacitances, leakage; no timing."""
    with _TABLE.open() as file:
        rows = list(csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t"))
    cells = "\n".join(_cell_text(row) for row in rows)
    return f'library (cells45) {{\n  capacitive_load_unit (1, ff);\n  leakage_power_unit : "1nW";\n{cells}\n}}\n'


def _cell_text(row: dict[str, str]) -> str:
    lines = [f"  cell ({row['cell']}) {{", f"    area : {row['area']};", f"    cell_leakage_power : {row['leakage']};"]
    for entry in row["inputs"].split():
        pin, capacitance, *clock = entry.split(":")
        mark = " clock : true;" if clock else ""
        lines.append(f"    pin ({pin}) {{ direction : input; capacitance : {capacitance};{mark} }}")
    for output in re.findall(r"(\w+)=(.+?)(?= \w+=|$)", row["outputs"]):
        lines.append(f'    pin ({output[0]}) {{ direction : output; function : "{output[1]}"; }}')
    if row["kind"] == "ff":
        lines.append('    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D";' + _set_and_clear(row["inputs"]) + " }")
    return "\n".join([*lines, "  }"])


def _set_and_clear(inputs: str) -> str:
    text = ' clear : "!RN";' if "RN:" in inputs else ""
    text += ' preset : "!SN";' if "SN:" in inputs else ""
    if "RN:" in inputs and "SN:" in inputs:
        text += " clear_preset_var1 : L; clear_preset_var2 : L;"
    return text
