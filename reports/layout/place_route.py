"""Places and routes a circuit with qflow's tools, and checks the layout: design rules, and layout against schematic."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hw.tools import ToolError
from reports.cells.technology import BINARIES, SCRIPTS, Technology
from reports.layout.circuit import Circuit

_LIMIT = 600.0  # seconds a tool may take
_DEF_UNITS = 100.0  # in a um

_SCRIPT = """#!/usr/bin/tcsh -f
set projectpath={folder}
set techdir={technology.folder}
set sourcedir={folder}/source
set synthdir={folder}/synthesis
set layoutdir={folder}/layout
set techname={technology.name}
set scriptdir={scripts}
set bindir={binaries}
set logdir={folder}/log
"""


@dataclass(frozen=True)
class Routed:
    """A circuit, placed and routed; layout/NAME.def and NAME.rc lie below `folder`.

    core_area: of the rectangle around the rows of cells, um2.
    """

    circuit: Circuit
    folder: Path
    core_area: float

    def file(self, ending: str) -> Path:
        """A file of the layout."""
        return self.folder / "layout" / f"{self.circuit.name}.{ending}"


@dataclass(frozen=True)
class Checks:
    """What magic and netgen say of a layout: violated design rules, and whether its nets are the circuit's."""

    drc_violations: int
    lvs_match: bool


class LayoutError(ToolError):
    """A tool of the layout failed."""


def place_and_route(circuit: Circuit, technology: Technology, folder: Path, seed: int) -> Routed:
    """Lays `circuit` out in `folder`, which must not exist. Raises LayoutError if a tool fails or a net stays open."""
    folder = folder.resolve()
    _set_up(circuit, technology, folder, seed)
    _run("placement.sh", ["-d"], circuit, folder)
    log = _run("router.sh", [], circuit, folder)
    verdicts = re.findall(r"No failed routes|Failed net routes: \d+", log)
    if not verdicts or verdicts[-1] != "No failed routes":
        raise LayoutError(f"{circuit.name}: the router left nets open")
    definition = (folder / "layout" / f"{circuit.name}.def").read_text()
    placed = re.findall(r"^- (\S+) \w+ \+ PLACED \( (-?\d+) (-?\d+) \)", definition, re.MULTILINE)
    places = {name: (int(x) / _DEF_UNITS, int(y) / _DEF_UNITS) for name, x, y in placed}
    return Routed(circuit, folder, _core_area(circuit, technology, places))


def check_layout(routed: Routed) -> Checks:
    """Checks the design rules, compares the layout with the circuit, and leaves layout/NAME.gds."""
    circuit, folder = routed.circuit, routed.folder
    _run("migrate.sh", [], circuit, folder)
    _run("gdsii.sh", [], circuit, folder)  # refuses once a check has found something
    rules = re.findall(r"drc = (\d+)", _run("drc.sh", [], circuit, folder, may_fail=True))
    compared = re.findall(r"Total errors = (\d+)", _run("lvs.sh", [], circuit, folder, may_fail=True))
    if not rules or not compared:
        raise LayoutError(f"{circuit.name}: the checks of the layout gave no verdict")
    return Checks(int(rules[-1]), all(int(errors) == 0 for errors in compared))


def _set_up(circuit: Circuit, technology: Technology, folder: Path, seed: int) -> None:
    """Lays out the folder as qflow's scripts expect it."""
    for name in ("source", "synthesis", "layout", "log"):
        (folder / name).mkdir(parents=True)
    settings = _SCRIPT.format(folder=folder, technology=technology, scripts=SCRIPTS, binaries=BINARIES)
    (folder / "qflow_vars.sh").write_text(settings)
    spread = "" if technology.density is None else f"set initial_density={technology.density}"
    (folder / "project_vars.sh").write_text(f"{spread}\n")
    (folder / "log" / "synth.log").write_text("\n")
    synthesis, layout = folder / "synthesis", folder / "layout"
    (synthesis / f"{circuit.name}_powerground").write_text('set vddnet="vdd"\nset gndnet="gnd"\n')
    (synthesis / f"{circuit.name}.blif").write_text(circuit.blif())
    parameters = (technology.folder / f"{technology.name}.par").read_text()
    seeded = re.sub(r"(random\.seed\s*:\s*)\d+", lambda found: f"{found.group(1)}{seed}", parameters)
    (layout / f"{circuit.name}.par").write_text(seeded)
    # Without it, magic loads a minimal technology, finds nothing to check and reports no violation.
    shutil.copy(technology.start_of_magic, layout / ".magicrc")
    shutil.copy(technology.folder / f"{technology.name}_setup.tcl", layout / "setup.tcl")
    supplies = ["-v", "vdd", "-g", "gnd"]
    for ending, converter in (
        ("rtl.v", ["blif2Verilog", "-c", *supplies]),
        ("rtlnopwr.v", ["blif2Verilog", "-c", "-p", *supplies]),
        ("rtlbb.v", ["blif2Verilog", "-c", "-b", "-p", "-n", *supplies]),
        ("spc", ["blif2BSpice", "-i", "-p", "vdd", "-g", "gnd", "-l", str(technology.spice)]),
    ):
        command = [str(BINARIES / converter[0]), *converter[1:], f"{circuit.name}.blif"]
        converted = subprocess.run(command, cwd=synthesis, capture_output=True, text=True, check=True)
        (synthesis / f"{circuit.name}.{ending}").write_text(converted.stdout)


def _run(script: str, options: list[str], circuit: Circuit, folder: Path, *, may_fail: bool = False) -> str:
    """Runs one of qflow's scripts and returns its log, which it leaves in the folder.

    may_fail: whether the log counts also where the script fails, as those of the checks do where they find something.
    """
    log = folder / "log" / f"{script}.out"
    with log.open("w") as file:
        try:
            finished = subprocess.run(
                [str(SCRIPTS / script), *options, str(folder), circuit.name],
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=_LIMIT,
                cwd=folder,
            )
        except subprocess.TimeoutExpired as error:
            raise LayoutError(f"{circuit.name}: {script} was stopped after {_LIMIT:.0f} s") from error
    text = log.read_text(errors="replace")
    if finished.returncode and not may_fail:
        lines = [line for line in text.splitlines() if line.strip()]
        raise LayoutError(f"{circuit.name}: {script} failed: {lines[-1] if lines else finished.returncode}")
    return text


def _core_area(circuit: Circuit, technology: Technology, places: dict[str, tuple[float, float]]) -> float:
    """Area of the rectangle around the rows, um2."""
    widths = {instance.name: technology.widths[instance.kind] for instance in circuit.instances}
    filler = technology.widths[technology.filler]
    right = max(x + widths.get(name, filler) for name, (x, _) in places.items())
    left = min(x for x, _ in places.values())
    heights = [y for _, y in places.values()]
    return (right - left) * (max(heights) - min(heights) + technology.row_height)
