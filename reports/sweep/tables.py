"""Tables of a sweep: the best points and the fronts of its designs."""

from typing import Any

from reports.layout.gain import gain_table
from reports.tables.table import Table


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
        for record in design_front(design["name"], report["points"]):
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


def design_front(name: str, points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the points on the front of a design, smallest area first."""
    found = [record for record in points if record["on_front"] and record["design"] == name]
    return sorted(found, key=lambda record: record["cell_area"])
