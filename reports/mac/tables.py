"""Tables of the main report."""

from typing import Any

from hw.mac.parts import PARTS
from reports.mac.published import REFERENCE, published_shares
from reports.tables.table import Table
from reports.wrapnet.accuracy import accuracy_table


def overview_table(report: dict[str, Any]) -> Table:
    """Returns the overview of a report that fits a terminal."""
    rows = [
        (
            design["name"],
            f"{design['vectors'] / 1e6:.1f} M",
            str(design["mismatches"] + design["gate_level"]["mismatches"]),
            "yes" if min(design["coverage"].values()) > 0 else "NO",
            "yes" if design["equivalent"] else "NO",
            f"{design['published']['area_ratio']:.2f}",
            f"{design['area_ratio']:.2f}",
        )
        for design in report["designs"]
    ]
    columns = ("design", "cycles", "wrong", "covered", "proved", "published", "ours")
    return Table(f"Units; the last two columns are cell area relative to {REFERENCE}", columns, rows)


def check_table(designs: list[dict[str, Any]]) -> Table:
    """Returns the results of each unit's checks."""
    rows = []
    for design in designs:
        hit = sum(hits > 0 for hits in design["coverage"].values())
        rows.append(
            (
                design["name"],
                f"{design['vectors']:,}",
                str(design["mismatches"]),
                f"{hit} of {len(design['coverage'])}",
                f"{design['layer_macs']:,}",
                f"{design['layer_macs_per_second'] / 1e6:.1f}",
                f"{design['gate_level']['vectors']:,}",
                str(design["gate_level"]["mismatches"]),
                "proved" if design["equivalent"] else "not proved",
            )
        )
    return Table(
        "Checks against the PyTorch golden model",
        (
            "design",
            "cycles compared",
            "mismatches",
            "coverage bins hit",
            "trained-layer MACs",
            "million MAC/s",
            "gate-level cycles",
            "mismatches at gates",
            "netlist equals RTL",
        ),
        rows,
        "Outputs are compared bit for bit in every cycle. MAC/s is the rate on the trained layer, including stimulus, "
        "simulation, golden model and comparison.",
    )


def area_table(designs: list[dict[str, Any]]) -> Table:
    """Returns published and measured cell area, absolute and relative to 8x8x32 (Table 2.11)."""
    rows = []
    for design in designs:
        published = design["published"]
        rows.append(
            (
                design["name"],
                f"{published['area_um2']:,.0f}",
                f"{design['area']:,.1f}",
                f"{published['area_ratio']:.2f}",
                f"{design['area_ratio']:.2f}",
                f"{design['area_ratio'] - published['area_ratio']:+.2f}",
            )
        )
    return Table(
        "Cell area (Table 2.11)",
        ("design", "published, um2", "ours, um2", "published ratio", "our ratio", "difference"),
        rows,
        "Compare the ratios, not the areas: published areas are in a 28 nm process after layout, at the shortest cycle "
        f"time; ours are in {designs[0]['library']} before layout, mapped for area.",
    )


def share_table(designs: list[dict[str, Any]]) -> Table:
    """Returns each part's share of its unit's area, published and measured (Table 2.12)."""
    rows = []
    for design in designs:
        published = published_shares(design["name"])
        cells = [
            f"{published[part]:.0%} / {design['area_by_part'][part] / design['area']:.0%}"
            if design["area_by_part"][part]
            else "-"
            for part in PARTS
        ]
        rows.append((design["name"], *cells))
    return Table(
        "Share of the area by part, published / ours (Table 2.12)",
        ("design", *PARTS),
        rows,
        "The multiplier includes its product register, the cyclic activation its output register. Auxiliary: input "
        "registers and control; in the published figures also the clock tree.",
    )


def part_table(designs: list[dict[str, Any]]) -> Table:
    """Returns published and measured cell area by part, absolute and relative to all of 8x8x32 (Tables 2.11, 2.12)."""
    reference = next(design["area"] for design in designs if design["name"] == REFERENCE)
    rows = []
    for design in designs:
        shares, published = published_shares(design["name"]), design["published"]
        for part in PARTS:
            if not design["area_by_part"][part]:
                continue
            theirs = shares[part] * published["area_ratio"]
            ours = design["area_by_part"][part] / reference
            rows.append(
                (
                    f"{design['name']} {part}",
                    f"{shares[part] * published['area_um2']:,.0f}",
                    f"{design['area_by_part'][part]:,.1f}",
                    f"{theirs:.3f}",
                    f"{ours:.3f}",
                    f"{ours - theirs:+.3f}",
                )
            )
    return Table(
        "Cell area by part (Tables 2.11 and 2.12)",
        ("part", "published, um2", "ours, um2", "published ratio", "our ratio", "difference"),
        rows,
        f"Ratios are relative to all of {REFERENCE}. The differences of a unit's parts add up to its difference above. "
        "Published parts are the shares of Table 2.12 times the area of Table 2.11.",
    )


def coverage_table(designs: list[dict[str, Any]]) -> Table:
    """Returns the hits of each coverage bin in each design."""
    bins = dict.fromkeys(name for design in designs for name in design["coverage"])
    rows = [
        (name, *(f"{design['coverage'][name]:,}" if name in design["coverage"] else "-" for design in designs))
        for name in bins
    ]
    return Table(
        "Coverage",
        ("bin", *(design["name"] for design in designs)),
        rows,
        "Hits of each bin of the test plan; a dash marks a bin that the design lacks.",
    )


def report_tables(report: dict[str, Any]) -> list[Table]:
    """Returns all tables of the main report, in order."""
    designs = report["designs"]
    return [
        check_table(designs),
        area_table(designs),
        share_table(designs),
        part_table(designs),
        accuracy_table(report["trained_layer"]),
        coverage_table(designs),
    ]
