"""Tables that compare units across libraries."""

from typing import Any

from reports.mac.published import MAC_UNITS, REFERENCE, reference_among
from reports.tables.table import Table

_NOTE = (
    "Before layout. Area: of the netlist mapped for area. Cycle: longest path between registers in the netlist mapped "
    "for speed, without wire delay or clock skew. Published: 28 nm after layout."
)


def library_tables(report: dict[str, Any]) -> list[Table]:
    """Returns tables of area ratios, of cycle time ratios if a library has delays, and of absolute figures."""
    tables = [_ratio_table(report, "Area", "area", "area_um2")]
    if any(design["cycle_time_ns"] is not None for library in report["libraries"] for design in library["designs"]):
        tables.append(_ratio_table(report, "Cycle time", "cycle_time_ns", "cycle_time_ns"))
    return [*tables, _absolute_table(report)]


def library_markdown(report: dict[str, Any]) -> str:
    """Returns the tables as Markdown, with the command, machine and date."""
    made = f"Made by `{report['command']}`; {report['machine']}; {report['created'][:10]}.\n"
    return "\n".join([*(table.markdown() for table in library_tables(report)), made])


def _ratio_table(report: dict[str, Any], title: str, key: str, published: str) -> Table:
    """Returns a quantity relative to the reference design, beside the published ratio."""
    names = [design["name"] for design in report["libraries"][0]["designs"]]
    reference = reference_among(names)
    libraries = _by_name(report)
    rows = []
    for name in names:
        theirs = "-"
        if name in MAC_UNITS and reference == REFERENCE:
            theirs = f"{getattr(MAC_UNITS[name], published) / getattr(MAC_UNITS[reference], published):.2f}"
        rows.append((name, theirs, *(_ratio(found[name], found[reference], key) for found in libraries)))
    return Table(f"{title} relative to {reference}", ("design", "published", *_library_names(report)), rows, _NOTE)


def _absolute_table(report: dict[str, Any]) -> Table:
    names = [design["name"] for design in report["libraries"][0]["designs"]]
    rows = [(name, *(_absolute(found[name]) for found in _by_name(report))) for name in names]
    note = (
        "Area mapped for area, in the library's unit (usually um2) / cycle time mapped for speed, ns / area of that "
        "netlist. Netlists without a proof of equivalence to the Verilog are marked."
    )
    return Table("Absolute area and cycle time", ("design", *_library_names(report)), rows, note)


def _library_names(report: dict[str, Any]) -> list[str]:
    return [library["name"] for library in report["libraries"]]


def _by_name(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns each library's designs by name."""
    return [{design["name"]: design for design in library["designs"]} for library in report["libraries"]]


def _ratio(design: dict[str, Any], reference: dict[str, Any], key: str) -> str:
    return "-" if design[key] is None else f"{design[key] / reference[key]:.2f}"


def _absolute(design: dict[str, Any]) -> str:
    timed = design["cycle_time_ns"] is not None
    speed = f" / {design['cycle_time_ns']:.2f} / {design['area_at_speed']:,.1f}" if timed else ""
    return f"{design['area']:,.1f}{speed}{'' if design['equivalent'] else ' NOT PROVED'}"
