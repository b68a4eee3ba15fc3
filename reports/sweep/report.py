"""The report on a sweep: a record, tables and figures in a folder."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hw.mac.design import MacDesign
from models.files import write_text
from reports.cells.technology import PACKAGES
from reports.layout.gain import gain_table
from reports.records.provenance import debian_versions, provenance, tool_versions
from reports.sweep.figures import write_sweep_figures
from reports.sweep.sweep import Record, Sweep
from reports.tables.table import Table


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


def sweep_tables(report: dict[str, Any]) -> list[Table]:
    """Returns all tables of a sweep."""
    laid_out = [record | {"name": record["implementation"]} for record in report["points"] if "cycle_time_ns" in record]
    gain = gain_table(laid_out, plain=False)  # plain units that others beat were not laid out
    tables = [best_table(report), front_table(report)]
    return [tables[0], gain, *tables[1:]] if gain else tables


def best_table(report: dict[str, Any]) -> Table:
    """Returns the points of least area, least cycle time and least area x time of each design after layout."""
    rows = []
    for design in report["designs"]:
        counts = (str(design["points"]), str(design["laid_out"]), str(design["failed"]))
        cells = ["-"] * 4
        if design["best"] is not None:
            best = [design["best"][what] for what in ("area", "cycle_time", "product")]
            cells = [f"{one['cell_area']:,.0f} at {one['cycle_time_ns']:.2f}" for one in best]
            cells.append(f"{best[-1]['cell_area'] * best[-1]['cycle_time_ns'] / 1000:,.1f}")
        rows.append((design["name"], *counts, *cells))
    columns = ("design", "points", "laid out", "failed", "least area", "least time", "least product", "product")
    note = (
        "Cell areas in um2 at cycle times in ns, after place and route in OSU 180 nm, with extracted wires. "
        "Product: the least area x cycle time, 1000 um2 ns."
    )
    return Table("Best implementations", columns, rows, note)


def front_table(report: dict[str, Any]) -> Table:
    """Returns the Pareto front of area against cycle time of each design."""
    rows = []
    for design in report["designs"]:
        for record in _front(design["name"], report["points"]):
            area, time = record["cell_area"], record["cycle_time_ns"]
            proof = "proved" if record.get("equivalent") else "NOT PROVED"
            figures = (
                f"{area:,.0f}",
                f"{time:.3f}",
                f"{record['mapped_cycle_time_ns']:.3f}",
                f"{area * time / 1000:,.1f}",
            )
            rows.append((record["implementation"], record["mapping"], *figures, proof))
    columns = ("design", "mapping", "um2", "ns", "without wires", "product", "RTL")
    note = (
        "No other point of the sweep is better in area or cycle time and at least as good in the other. Without wires: "
        "cycle time before place and route, ns. Proved: the mapped netlist is equivalent to the Verilog."
    )
    return Table("Pareto fronts of area against cycle time after layout", columns, rows, note)


def errors(report: dict[str, Any]) -> list[str]:
    """Returns a line for each point that failed."""
    return [f"{_name(one)}: {one['error']}" for one in report["points"] if "error" in one]


def _summary(name: str, points: list[Record]) -> dict[str, Any]:
    of_design = [record for record in points if record["design"] == name]
    front = _front(name, points)
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


def _front(name: str, points: list[Record]) -> list[Record]:
    found = [record for record in points if record["on_front"] and record["design"] == name]
    return sorted(found, key=lambda record: record["cell_area"])
