"""The layouts of several units as a record and as tables, in a folder."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hw.designs import MacDesign
from models.training.files import write_text
from models.training.progress import Progress
from models.wrapnet.export import LayerExport
from reports.published import MAC_UNITS
from reports.silicon.layout import lay_out
from reports.silicon.page import write_layout_page
from reports.silicon.technology import PACKAGES, Technology
from reports.tools import debian_versions, machine, now, tool_versions


def layout_report(
    designs: Iterable[MacDesign],
    technology: Technology,
    out: Path,
    seed: int,
    progress: Progress,
    command: str,
    layer: LayerExport | None = None,
    sweep: Path | None = None,
) -> dict[str, Any]:
    """Lays out `designs` and returns the report, which is also in layout.json; leaves a page beside it.

    layer: whose operands the energy is measured with; the one that ships with the project if left out. sweep: the
    folder of a sweep, whose plots the page shows.
    Raises what reports.silicon.layout.lay_out raises.
    """
    results = lay_out(designs, technology, out, seed, progress, layer)
    for result in results:
        published = MAC_UNITS.get(result["name"])
        result["published"] = asdict(published) if published else None
    report = {
        "designs": results,
        "library": technology.title,
        "seed": seed,
        "command": command,
        "tools": tool_versions() | debian_versions(PACKAGES),
        "machine": machine(),
        "created": now(),
    }
    write_text(out / "layout.json", json.dumps(report, indent=2))
    write_layout_page(report, out, sweep)
    return report


def is_sound(report: dict[str, Any]) -> bool:
    """Whether every layout is clean, proved to do what the Verilog says, and right with its delays, too."""
    return all(
        one["equivalent"]
        and one["lvs_match"]
        and not one["drc_violations"]
        and one["registers_agree"] is not False
        and not one["timed_mismatches"]
        for one in report["designs"]
    )
