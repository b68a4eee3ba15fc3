"""The report on a sweep: a record, tables and figures in a folder."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hw.mac.design import MacDesign
from models.files import write_text
from reports.cells.technology import PACKAGES
from reports.records.provenance import debian_versions, provenance, tool_versions
from reports.sweep.figures import write_sweep_figures
from reports.sweep.sweep import Record, Sweep
from reports.sweep.tables import design_front, sweep_tables


def sweep_report(sweep: Sweep, designs: Iterable[MacDesign], out: Path) -> dict[str, Any]:
    """Sweeps over `designs`, writes sweep.json, sweep.md and figures to `out`, and returns the report.

    Raises whatever Sweep.run raises.
    """
    designs = list(designs)
    points = sweep.run(designs, out)
    report = {
        "designs": [_summary(design.name, points) for design in designs],
        "points": points,
        "library": "OSU 180 nm",
        "margin": sweep.margin,
        **provenance(seed=sweep.seed, tools=tool_versions() | debian_versions(PACKAGES)),
    }
    write_sweep_figures(report, out)
    write_text(out / "sweep.json", json.dumps(report, indent=2))
    write_text(out / "sweep.md", "\n".join(table.markdown() for table in sweep_tables(report)))
    return report


def is_sound(report: dict[str, Any]) -> bool:
    """Whether every design has a front, and every netlist on it is proved equivalent to the Verilog."""
    fronts = [record for record in report["points"] if record["on_front"]]
    return all(record.get("equivalent") for record in fronts) and all(one["best"] for one in report["designs"])


def errors(report: dict[str, Any]) -> list[str]:
    """Returns a line for each point that failed."""
    return [f"{_name(one)}: {one['error']}" for one in report["points"] if "error" in one]


def _summary(name: str, points: list[Record]) -> dict[str, Any]:
    of_design = [record for record in points if record["design"] == name]
    front = design_front(name, points)
    return {
        "name": name,
        "points": len(of_design),
        "laid_out": sum("cycle_time_ns" in record for record in of_design),
        "failed": sum("error" in record for record in of_design),
        "front": [_name(record) for record in front],
        "best": {
            what: {"point": _name(record), "cell_area": record["cell_area"], "cycle_time_ns": record["cycle_time_ns"]}
            for what, record in (
                ("area", front[0]),
                ("cycle_time", front[-1]),
                ("product", min(front, key=lambda one: one["cell_area"] * one["cycle_time_ns"])),
            )
        }
        if front
        else None,
    }


def _name(record: Record) -> str:
    return f"{record['implementation']} {record['mapping']}"
