"""Places and routes a circuit with qflow's tools; checks design rules and layout against schematic."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hw.plain_paths import is_plain
from hw.tools import ToolError, run_tool
from reports.cells.sources import read_source
from reports.cells.technology import BINARIES, SCRIPTS, Technology
from reports.cells.technology_script import settings_script
from reports.layout.circuit import Circuit

_LIMIT = 600.0  # seconds that a script may take
_DEF_UNITS = 100.0  # per um

_SCRIPT = """#!/usr/bin/tcsh -f
set projectpath={folder}
set techdir={folder}/technology
set sourcedir={folder}/source
set synthdir={folder}/synthesis
set layoutdir={folder}/layout
set techname={name}
set scriptdir={scripts}
set bindir={binaries}
set logdir={folder}/log
"""


@dataclass(frozen=True)
class Routed:
    """A placed and routed circuit, with layout/NAME.def and layout/NAME.rc in `folder`.

    core_area: area of the rectangle around the rows of cells, um2.
    """

    circuit: Circuit
    folder: Path
    core_area: float

    def file(self, ending: str) -> Path:
        """The file layout/NAME.`ending`."""
        return self.folder / "layout" / f"{self.circuit.name}.{ending}"


@dataclass(frozen=True)
class Checks:
    """Number of design rules violated (magic), and whether the layout's nets match the circuit's (netgen)."""

    drc_violations: int
    lvs_match: bool


class LayoutError(ToolError):
    """A layout tool failed."""


def place_and_route(circuit: Circuit, technology: Technology, folder: Path, seed: int) -> Routed:
    """Lays out a circuit in `folder`, which must not exist. Raises LayoutError if a tool fails or a net stays open.

    seed: seed of the placement.
    """
    folder = folder.absolute()
    _set_up(circuit, technology, folder, seed)
    _run("placement.sh", ["-d"], circuit, folder)
    log = _run("router.sh", [], circuit, folder)
    verdicts = re.findall(r"No failed routes|Failed net routes: \d+", log)
    if not verdicts or verdicts[-1] != "No failed routes":
        raise LayoutError(f"{circuit.name}: the router left nets open")
    definition = (folder / "layout" / f"{circuit.name}.def").read_text(encoding="utf-8")
    placed = re.findall(r"^- (\S+) \w+ \+ PLACED \( (-?\d+) (-?\d+) \)", definition, re.MULTILINE)
    places = {name: (int(x) / _DEF_UNITS, int(y) / _DEF_UNITS) for name, x, y in placed}
    return Routed(circuit, folder, _core_area(circuit, technology, places))


def check_layout(routed: Routed) -> Checks:
    """Writes layout/NAME.gds, checks the design rules and compares the layout with the circuit.

    Raises LayoutError if a tool fails or gives no verdict.
    """
    circuit, folder = routed.circuit, routed.folder
    _run("migrate.sh", [], circuit, folder)
    _run("gdsii.sh", [], circuit, folder)  # before the checks: it refuses to run after one has found an error
    rules = re.findall(r"drc = (\d+)", _run("drc.sh", [], circuit, folder, may_fail=True))
    compared = re.findall(r"Total errors = (\d+)", _run("lvs.sh", [], circuit, folder, may_fail=True))
    if not rules or not compared:
        raise LayoutError(f"{circuit.name}: the checks of the layout gave no verdict")
    return Checks(int(rules[-1]), all(int(errors) == 0 for errors in compared))


def _set_up(circuit: Circuit, technology: Technology, folder: Path, seed: int) -> None:
    """Prepares the folder as qflow's scripts expect it."""
    if not is_plain(folder):
        raise ValueError(f"layouts cannot be made in {str(folder)!r}; allowed are letters, digits, _ and ./+,@-")
    for name in ("source", "synthesis", "layout", "log"):
        (folder / name).mkdir(parents=True)
    settings = _SCRIPT.format(folder=folder, name=technology.name, scripts=SCRIPTS, binaries=BINARIES)
    (folder / "qflow_vars.sh").write_text(settings, encoding="utf-8")
    _link_technology(technology, folder / "technology")
    spread = "" if technology.density is None else f"set initial_density={technology.density}"
    (folder / "project_vars.sh").write_text(f"{spread}\n", encoding="utf-8")
    (folder / "log" / "synth.log").write_text("\n", encoding="utf-8")
    synthesis, layout = folder / "synthesis", folder / "layout"
    (synthesis / f"{circuit.name}_powerground").write_text('set vddnet="vdd"\nset gndnet="gnd"\n', encoding="utf-8")
    (synthesis / f"{circuit.name}.blif").write_text(circuit.blif(), encoding="utf-8")
    parameters = read_source(technology.folder / f"{technology.name}.par")
    seeded = re.sub(r"(random\.seed\s*:\s*)\d+", lambda found: f"{found.group(1)}{seed}", parameters)
    (layout / f"{circuit.name}.par").write_text(seeded, encoding="utf-8")
    # Without .magicrc, magic loads a minimal technology, checks nothing and reports no violation.
    shutil.copy(technology.start_of_magic, layout / ".magicrc")
    shutil.copy(technology.folder / f"{technology.name}_setup.tcl", layout / "setup.tcl")
    supplies = ["-v", "vdd", "-g", "gnd"]
    spice = folder / "technology" / technology.settings["spicefile"].split()[0]
    for ending, converter in (
        ("rtl.v", ["blif2Verilog", "-c", *supplies]),
        ("rtlnopwr.v", ["blif2Verilog", "-c", "-p", *supplies]),
        ("rtlbb.v", ["blif2Verilog", "-c", "-b", "-p", "-n", *supplies]),
        ("spc", ["blif2BSpice", "-i", "-p", "vdd", "-g", "gnd", "-l", str(spice)]),
    ):
        converted = run_tool([BINARIES / converter[0], *converter[1:], f"{circuit.name}.blif"], synthesis)
        if converted.returncode:
            raise LayoutError(f"{circuit.name}: {converter[0]} failed: {_last_line(converted.stderr)}")
        (synthesis / f"{circuit.name}.{ending}").write_text(converted.stdout, encoding="utf-8")


def _link_technology(technology: Technology, folder: Path) -> None:
    """Makes a folder with the technology's files, but a script that only sets variables: qflow's scripts run it."""
    folder.mkdir()
    script = f"{technology.name}.sh"
    for path in technology.folder.iterdir():
        if path.name != script:
            (folder / path.name).symlink_to(path)
    (folder / script).write_text(settings_script(technology.settings), encoding="utf-8")


def _run(script: str, options: list[str], circuit: Circuit, folder: Path, *, may_fail: bool = False) -> str:
    """Runs one of qflow's scripts and returns its log, which stays in the folder.

    may_fail: return the log even if the script fails, as checks do when they find errors.
    Raises LayoutError if the script fails or exceeds the time limit.
    """
    # The log goes to a file, not a pipe: tools that a stopped script has started would keep a pipe open.
    log = folder / "log" / f"{script}.out"
    with log.open("w", encoding="utf-8") as file:
        try:
            finished = subprocess.run(
                [str(SCRIPTS / script), *options, str(folder), circuit.name],
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=_LIMIT,
                cwd=folder,
                env={"HOME": str(folder)} | os.environ,  # magic stops without a home
            )
        except subprocess.TimeoutExpired as error:
            raise LayoutError(f"{circuit.name}: {script} was stopped after {_LIMIT:.0f} s") from error
    text = log.read_text(errors="replace", encoding="utf-8")
    if finished.returncode and not may_fail:
        raise LayoutError(f"{circuit.name}: {script} failed: {_last_line(text)}")
    return text


def _last_line(log: str) -> str:
    """Returns the last line of a log that is not blank."""
    return next((line for line in reversed(log.splitlines()) if line.strip()), "it printed nothing")


def _core_area(circuit: Circuit, technology: Technology, places: dict[str, tuple[float, float]]) -> float:
    """Returns the area of the rectangle around the rows, um2."""
    widths = {instance.name: technology.widths[instance.kind] for instance in circuit.instances}
    filler = technology.widths[technology.filler]
    right = max(x + widths.get(name, filler) for name, (x, _) in places.items())
    left = min(x for x, _ in places.values())
    heights = [y for _, y in places.values()]
    return (right - left) * (max(heights) - min(heights) + technology.row_height)
