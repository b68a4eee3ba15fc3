"""The report on the layouts of several units: a record and a page in a folder."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hw.mac.design import MacDesign
from hw.plain_paths import plain_path
from models.files import write_text
from models.integer_network.layer import LayerExport
from models.progress import Progress
from reports.cells.technology import PACKAGES, Technology
from reports.layout.layouts import lay_out
from reports.layout.page import write_layout_page
from reports.mac.published import MAC_UNITS
from reports.records.provenance import debian_versions, provenance, tool_versions


def layout_report(
    designs: Iterable[MacDesign],
    technology: Technology,
    out: Path,
    seed: int,
    progress: Progress,
    layer: LayerExport | None = None,
    sweep: Path | None = None,
) -> dict[str, Any]:
    """Lays out `designs`, writes layout.json and a page to `out`, and returns the report.

    layer: supplies the operands for measuring energy; defaults to a layer shipped with the project. sweep: output
    folder of a sweep, whose plots the page shows. Raises whatever `lay_out` raises, and ValueError if `sweep`
    contains no plots.
    """
    out.mkdir(parents=True, exist_ok=True)
    with plain_path(out) as plain:
        results = lay_out(designs, technology, plain, seed, progress, layer)
    for result in results:
        published = MAC_UNITS.get(result["name"])
        result["published"] = asdict(published) if published else None
    report = {
        "designs": results,
        "library": technology.library.name,
        **provenance(seed=seed, tools=tool_versions() | debian_versions(PACKAGES)),
    }
    write_text(out / "layout.json", json.dumps(report, indent=2))
    write_layout_page(report, out, sweep)
    return report


def failures(report: dict[str, Any]) -> list[str]:
    """Returns a line for each failed check: proof, schematic, design rules, hold times, simulation with delays."""
    return [
        f"{one['name']}: {wrong}"
        for one in report["designs"]
        for wrong, holds in (
            ("not proved to do what the Verilog says", not one["equivalent"]),
            ("layout and circuit do not match", not one["lvs_match"]),
            (f"{one['drc_violations']} violations of design rules", one["drc_violations"]),
            (f"hold is violated by {-one['hold_slack_ns']:.3f} ns", one["hold_slack_ns"] < 0),
            ("registers change more or less often with delays than without", one["registers_agree"] is False),
            (f"{one['timed_mismatches']} outputs are wrong with delays", one["timed_mismatches"]),
        )
        if holds
    ]
