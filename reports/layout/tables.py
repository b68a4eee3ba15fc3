"""Tables of layouts, with the published figures alongside."""

from typing import Any

from hw.mac.parts import PARTS
from reports.layout.gain import gain_table
from reports.mac.published import MAC_UNITS, REFERENCE, published_shares
from reports.tables.table import Table


def layout_tables(report: dict[str, Any]) -> list[Table]:
    """Returns all tables of a layout report."""
    designs = report["designs"]
    tables = [layout_table(designs, report["library"]), layout_part_table(designs)]
    energy = [energy_table(designs)] if has_energy(designs) else []
    gain = gain_table(designs)
    return [*tables, *energy, gain] if gain else [*tables, *energy]


def has_energy(designs: list[dict[str, Any]]) -> bool:
    """Whether the energy of every design was measured."""
    return all("energy_fj_per_op" in design for design in designs)


def layout_table(designs: list[dict[str, Any]], library: str = "OSU 180 nm") -> Table:
    """Returns Table 2.11 after place and route: areas, cycle times and, if 8x8x32 is present, their ratios to it."""
    by_name = {design["name"]: design for design in designs}
    rows = []
    for name, design in by_name.items():
        ours = _ratios(design, by_name.get(REFERENCE))
        published = _published_ratios(name)
        clean = not design["drc_violations"] and design["lvs_match"]
        rows.append(
            (
                name,
                f"{design['cell_area']:,.0f}",
                f"{design['core_area']:,.0f}",
                f"{design['cycle_time_ns']:.2f}",
                *(_beside(mine, theirs, ".2f") for mine, theirs in zip(ours, published, strict=True)),
                "clean" if clean else "NOT CLEAN",
                "proved" if design["equivalent"] else "NOT PROVED",
            )
        )
    columns = ("design", "cells", "core", "ns", "area", "cycle", "area x cycle", "layout", "RTL")
    note = (
        f"Cells and core: areas in um2. ns: the shortest clock cycle. The ratios are to {REFERENCE}, with published "
        f"ones in brackets. Ours: {library} cells after place and route, with extracted wires; published: 28 nm after "
        "layout. Clean: no design rule is violated, and layout and circuit match. Proved: the layout is equivalent to "
        "the Verilog."
    )
    return Table("Table 2.11: units after place and route", columns, rows, note)


def layout_part_table(designs: list[dict[str, Any]]) -> Table:
    """Returns each part's share of the cell area after place and route, with Table 2.12's shares alongside."""
    rows = []
    for design in designs:
        published = published_shares(design["name"]) if design["name"] in MAC_UNITS else {}
        shares = {part: design["area_by_part"][part] / design["cell_area"] for part in PARTS}
        path = design["critical_path"]
        cells = (_beside(shares[part], published.get(part), ".0%") for part in PARTS)
        rows.append((design["name"], *cells, f"{path['from']} to {path['to']}", str(path["cells"])))
    note = (
        "Shares of the cell area, with published ones in brackets. Auxiliary: input registers, control and clock "
        "buffers. Longest path: the parts where it starts and ends, and its number of cells."
    )
    return Table("Table 2.12: area by part", ("design", *PARTS, "longest path", "cells"), rows, note)


def energy_table(designs: list[dict[str, Any]]) -> Table:
    """Returns Table 2.13 after place and route: energy per operation, by part."""
    reference = next((design for design in designs if design["name"] == REFERENCE), None)
    rows = []
    for design in designs:
        energy, published = design["energy_fj_per_op"], MAC_UNITS.get(design["name"])
        ratio = energy / reference["energy_fj_per_op"] if reference else None
        published_ratio = published.energy_total / MAC_UNITS[REFERENCE].energy_total if published else None
        shares = (
            _beside(
                design["energy_by_part"][part] / energy,
                published.energy[part] / sum(published.energy.values()) if published else None,
                ".0%",
            )
            for part in PARTS
        )
        glitches = 1 - design["energy_without_glitches_fj_per_op"] / energy
        cells = (f"{design['power_mw']:.2f}", f"{energy / 1e3:.2f}", _beside(ratio, published_ratio, ".2f"))
        rows.append((design["name"], *cells, *shares, f"{glitches:.0%}"))
    note = (
        f"At the shortest clock cycle, while the unit computes a trained layer. Ratios are to {REFERENCE}, with "
        "published ones in brackets. An operation is a multiplication and an addition. Auxiliary: input registers, "
        "control, and clock buffers with the nets they switch. Glitches: their share of the energy."
    )
    return Table("Table 2.13: energy", ("design", "mW", "pJ/op", "ratio", *PARTS, "glitches"), rows, note)


def _ratios(design: dict[str, Any], reference: dict[str, Any] | None) -> list[float | None]:
    """Returns area, cycle time and their product relative to the reference design; None without one."""
    if reference is None:
        return [None] * 3
    area, cycle = (design[key] / reference[key] for key in ("cell_area", "cycle_time_ns"))
    return [area, cycle, area * cycle]


def _published_ratios(name: str) -> list[float | None]:
    if name not in MAC_UNITS:
        return [None] * 3
    unit, reference = MAC_UNITS[name], MAC_UNITS[REFERENCE]
    area, cycle = unit.area_um2 / reference.area_um2, unit.cycle_time_ns / reference.cycle_time_ns
    return [area, cycle, area * cycle]


def _beside(ours: float | None, published: float | None, form: str) -> str:
    """Returns `0.49 (0.40)`, or only the figure that exists."""
    parts = [f"{ours:{form}}" if ours is not None else "", f"({published:{form}})" if published is not None else ""]
    return " ".join(filter(None, parts))
