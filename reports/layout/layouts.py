"""Units after place and route: the best of several mappings, with area, cycle time, energy and checks."""

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from os import cpu_count
from pathlib import Path
from typing import Any, get_args

from hw.mac.design import MacDesign
from hw.mac.generated import generate_all
from models.integer_network.layer import LayerExport
from models.progress import Progress
from reports.cells.technology import Technology
from reports.layout.activity import WARM_UP
from reports.layout.candidate import Candidate, try_layout
from reports.layout.critical_path import describe_path
from reports.layout.drawing import check_viewer
from reports.layout.energy import measure_energy
from reports.layout.mapping import FastAdder, MappingOptions
from reports.layout.operands import layer_for
from reports.layout.picture import OVERVIEW, write_layout_pictures
from reports.layout.place_route import check_layout
from reports.layout.proof import prove_layout
from sim.mac.stimulus import check_operands

MAPPINGS = (*(MappingOptions(1, adder) for adder in get_args(FastAdder)), MappingOptions(1600), MappingOptions(2400))
"""The mappings tried for each unit."""

_REPORT = ("layout.json", "index.html", "report.md", OVERVIEW)  # about all units, directly in `out`


def lay_out(
    designs: Iterable[MacDesign],
    technology: Technology,
    out: Path,
    seed: int,
    progress: Progress,
    layer: LayerExport | None = None,
) -> list[dict[str, Any]]:
    """Lays out each design with several mappings and keeps the layout with the least area x cycle time after routing.

    out: a folder whose path qflow's scripts can read. Receives layouts.png and a folder per design with NAME.gds,
    NAME.def, NAME.oas, NAME.lyp and layout.png.
    layer: supplies the operands for measuring energy; defaults to a layer shipped with the project. Returns one
    dictionary per design; see docs/layout.md. Raises ValueError if tools are missing, or if the layer's operands do
    not fit or its dot products are too short. Raises LayoutError or TimingError if a tool fails.
    """
    check_viewer()
    designs = list(designs)
    operands = {design: layer or layer_for(design) for design in designs}
    for design, chosen in operands.items():
        check_operands(design, chosen)
        if 2 * chosen.dot_length <= WARM_UP:
            raise ValueError(f"the layer's dot products have {chosen.dot_length} terms; energy needs more than 32")
    for report in _REPORT:  # left by an earlier run, whose layouts are deleted below
        if not (out / report).is_symlink():
            (out / report).unlink(missing_ok=True)
    for design in designs:
        shutil.rmtree(out / design.name, ignore_errors=True)
    tries = [(unit, mapping) for unit in generate_all(designs) for mapping in MAPPINGS]
    task = progress.task("place and route", len(tries) + len(designs))
    with ThreadPoolExecutor(cpu_count()) as pool:
        futures = [
            pool.submit(try_layout, unit, mapping, technology, out / unit.design.name, seed) for unit, mapping in tries
        ]
        found: dict[str, list[Candidate]] = {design.name: [] for design in designs}
        for future in as_completed(futures):
            candidate = future.result()
            found[candidate.design.name].append(candidate)
            task.advance(note=f"{candidate.design.name}: {candidate.timing.cycle_time:.2f} ns")
        best = [min(found[design.name], key=lambda one: (one.cost, MAPPINGS.index(one.mapping))) for design in designs]
        results = []
        for result in pool.map(lambda one: _checked(one, operands[one.design], technology, seed), best):
            results.append(result)
            task.advance(note=f"{result['name']} checked")
    write_layout_pictures(best, technology.shapes, out)  # outside the pool: matplotlib is not thread-safe
    return [result | {"tried": _tried(found[result["name"]])} for result in results]


def _checked(candidate: Candidate, layer: LayerExport, technology: Technology, seed: int) -> dict[str, Any]:
    """Checks a chosen layout, measures its energy, copies GDS and DEF to the design's folder and returns a record."""
    design, routed, timing = candidate.design, candidate.routed, candidate.timing
    checks = check_layout(routed)
    for ending in ("gds", "def"):
        shutil.copy(routed.file(ending), candidate.folder.parent / f"{design.name}.{ending}")
    return {
        "name": design.name,
        "cell_area": candidate.cell_area,
        "core_area": round(routed.core_area, 3),
        "area_by_part": candidate.area_by_part,
        "cells": len(routed.circuit.instances),
        "cycle_time_ns": timing.cycle_time,
        "hold_slack_ns": timing.hold_slack,
        "critical_path": describe_path(timing.critical_path, routed.circuit),
        **measure_energy(candidate, layer, technology, seed).record(),
        "mapping": asdict(candidate.mapping),
        "equivalent": prove_layout(routed, candidate.folder),
        "folder": candidate.folder.name,
    } | asdict(checks)


def _tried(candidates: list[Candidate]) -> list[dict[str, Any]]:
    return [
        asdict(one.mapping) | {"cell_area": one.cell_area, "cycle_time_ns": one.timing.cycle_time}
        for one in sorted(candidates, key=lambda one: MAPPINGS.index(one.mapping))
    ]
