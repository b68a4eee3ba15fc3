"""Compares units across libraries of standard cells."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hw.mac.generated import GeneratedUnit
from models.progress import Progress
from reports.cells.cycle import can_time, cycle_time
from reports.cells.library import Library
from reports.cells.opensta import opensta_version
from reports.mac.synthesis import NETLIST, PROOF_LIMIT, synthesize
from reports.records.provenance import provenance, tool_versions


def compare_libraries(
    units: Sequence[GeneratedUnit],
    libraries: Sequence[Library],
    out: Path,
    progress: Progress,
    proof_limit: float = PROOF_LIMIT,
) -> dict[str, Any]:
    """Maps each unit to each library for area and, if OpenSTA can time the library, again for speed.

    Leaves the netlists in the folders LIBRARY/NAME/area and LIBRARY/NAME/speed of `out` and proves each against the
    Verilog; a unit is `equivalent` if all its netlists are proved. proof_limit: seconds for each proof. Raises
    ValueError if two libraries have the same name or a library cannot build a unit, and TimingError if OpenSTA fails.
    """
    names = [library.name for library in libraries]
    if len(set(names)) < len(names):
        raise ValueError(f"libraries need different names; these are {', '.join(names)}")
    pairs = [(library, unit) for library in libraries for unit in units]
    task = progress.task("mapping and proving", len(pairs))

    def run(pair: tuple[Library, GeneratedUnit]) -> dict[str, Any]:
        library, unit = pair
        result = _measure(unit, library, out / library.name / unit.design.name, proof_limit)
        task.advance(note=f"{unit.design.name} in {library.name}")
        return result

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(run, pairs))
    return {
        "libraries": [
            {"name": name, "designs": [result for result in results if result["library"] == name]} for name in names
        ],
        **provenance(tools=tool_versions() | ({"opensta": opensta_version()} if any(map(can_time, libraries)) else {})),
    }


def _measure(unit: GeneratedUnit, library: Library, folder: Path, proof_limit: float) -> dict[str, Any]:
    small = synthesize(unit, library, folder / "area", proof_limit)
    result = {"name": unit.design.name, **asdict(small), "cycle_time_ns": None, "area_at_speed": None}
    if not can_time(library):
        return result
    fast = synthesize(unit, library, folder / "speed", proof_limit, fast=True)
    return result | {
        "cycle_time_ns": cycle_time(unit.design.module, library, folder / "speed" / NETLIST),
        "area_at_speed": fast.area,
        "equivalent": small.equivalent and fast.equivalent,
    }
