"""Units mapped onto several libraries, side by side."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hw.mac.design import MacDesign
from models.progress import Progress
from reports.cells.cycle import can_time, cycle_time
from reports.cells.liberty import Library
from reports.cells.opensta import opensta_version
from reports.mac.synthesis import NETLIST, PROOF_LIMIT, synthesize
from reports.records.provenance import machine, now, tool_versions


def compare_libraries(
    designs: Sequence[MacDesign],
    libraries: Sequence[Library],
    out: Path,
    progress: Progress,
    command: str,
    proof_limit: float = PROOF_LIMIT,
) -> dict[str, Any]:
    """Maps each unit onto each library for area and, where cycle times can be told, once more for speed.

    Leaves netlists in `out`, as LIBRARY/NAME/area and LIBRARY/NAME/speed. Each is proved; `equivalent` is whether all
    of a unit's are. Raises ValueError if two libraries have the same name or one cannot build a unit, and TimingError
    if OpenSTA fails.
    """
    names = [library.name for library in libraries]
    if len(set(names)) < len(names):
        raise ValueError(f"libraries need different names; these are {', '.join(names)}")
    jobs = [(library, design) for library in libraries for design in designs]
    task = progress.task("mapping and proving", len(jobs))

    def run(job: tuple[Library, MacDesign]) -> dict[str, Any]:
        library, design = job
        result = _one(design, library, out / library.name / design.name, proof_limit)
        task.advance(note=f"{design.name} in {library.name}")
        return result

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(run, jobs))
    return {
        "libraries": [
            {"name": name, "designs": [result for result in results if result["library"] == name]} for name in names
        ],
        "command": command,
        "tools": tool_versions() | ({"opensta": opensta_version()} if any(map(can_time, libraries)) else {}),
        "machine": machine(),
        "created": now(),
    }


def _one(design: MacDesign, library: Library, folder: Path, proof_limit: float) -> dict[str, Any]:
    small = synthesize(design, library, folder / "area", proof_limit)
    result = {"name": design.name, **asdict(small), "cycle_time_ns": None, "area_at_speed": None}
    if not can_time(library):
        return result
    fast = synthesize(design, library, folder / "speed", proof_limit, fast=True)
    return result | {
        "cycle_time_ns": cycle_time(design.module, library, folder / "speed" / NETLIST),
        "area_at_speed": fast.area,
        "equivalent": small.equivalent and fast.equivalent,
    }
