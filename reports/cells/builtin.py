"""The built-in library, written as Liberty from a table of cells."""

import csv
import re
from pathlib import Path

_TABLE = Path(__file__).with_name("cells45.tsv")


def builtin_text() -> str:
    """Returns cells45.tsv as Liberty source, with areas, functions, capacitances and leakage but no timing."""
    with _TABLE.open(encoding="utf-8") as file:
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
