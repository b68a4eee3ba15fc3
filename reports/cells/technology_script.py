"""The shell script of a qflow technology: variables that tell qflow's scripts where its files and cells are.

qflow's scripts run the technology's script. To keep commands out of them, only assignments of plain values are read,
and layouts run a script with these alone.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from reports.cells.layout_cells import PLAIN
from reports.cells.sources import read_source

_COMMENT = re.compile(r"\s*(?:;?\s*#.*)?")
_ASSIGNMENT = re.compile(r"""\s*set\s+(\w+)\s*=\s*("[^"]*"|'[^']*'|[^\s;"']*)\s*;?\s*(?:;?#.*)?""", re.ASCII)
_VALUE = re.compile(r"[\w ./+,:=@%*?^-]*", re.ASCII)
_OF_SHELL = {"argv", "cdpath", "cwd", "home", "path", "shell", "status"}
_OF_QFLOW = {"bindir", "layoutdir", "logdir", "options", "projectpath", "rootname", "scriptdir"}
_OF_QFLOW |= {"sourcedir", "synthdir", "techdir", "techname"}


def read_settings(path: Path) -> dict[str, str]:
    """Returns the variables that the script sets.

    Raises ValueError, naming the file and the line, for anything but `set NAME=VALUE` and comments, for values with
    characters that mean something to a shell or to Tcl, for options that name files, and for qflow's own variables.
    """
    settings: dict[str, str] = {}
    for number, line in enumerate(read_source(path).split("\n"), 1):
        if _COMMENT.fullmatch(line):
            continue
        found = _ASSIGNMENT.fullmatch(line)
        if found is None:
            raise ValueError(
                f"{path} line {number} is {line.strip()[:60]!r}; allowed are `set NAME=VALUE` and comments"
            )
        name, value = found[1], found[2].strip("\"'")
        if name in _OF_SHELL | _OF_QFLOW:
            raise ValueError(f"{path} line {number} sets {name}, which belongs to qflow")
        if _VALUE.fullmatch(value) is None or (name.endswith("_options") and "/" in value):
            raise ValueError(f"{path} line {number} sets {name} to {value[:60]!r}; allowed are plain words and numbers")
        settings[name] = value
    return settings


def check_names(path: Path, settings: Mapping[str, str], needed: Iterable[str]) -> None:
    """Raises ValueError, naming the script, unless each of the needed variables is the name of a cell or a pin."""
    missing = [key for key in needed if not settings.get(key)]
    if missing:
        raise ValueError(f"{path} does not set what a layout needs: {', '.join(sorted(missing))}")
    for key in needed:
        if PLAIN.fullmatch(settings[key]) is None:
            raise ValueError(f"{path} sets {key} to {settings[key]!r}; allowed is a name of letters, digits and _")


def settings_script(settings: Mapping[str, str]) -> str:
    """Returns a script that sets the variables."""
    return "".join(f'set {name}="{value}"\n' for name, value in settings.items())
