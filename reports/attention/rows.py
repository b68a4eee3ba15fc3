"""Measured numbers of chapter 4's tables, by row and column, beside the published ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.attention.backbones.architectures import ARCHITECTURES
from reports.attention.benches.speed_tables import SPEED_TABLES, with_latencies
from reports.attention.cells import COLUMNS, MIXERS, ROWS
from reports.attention.configurations import configurations
from reports.attention.latencies import COUNTED
from reports.attention.networks.names import RUN_WITH, record_name
from reports.attention.published import PUBLISHED
from reports.attention.results import accuracy_at
from reports.claims.figures import MeasuredCell, cell_of
from reports.tables.beside import Measured
from reports.tables.extended import with_columns
from reports.tables.published import Mark, PublishedTable, count, percent, text

Found = Mapping[str, Any]
"""A result of `measure_tables`."""

_Cells = dict[str, dict[str, MeasuredCell | Mark]]

_MIXERS = PublishedTable(
    "mixers4",
    "Token mixers in the same network with the same training",
    (text("third stage"), percent("accuracy", 1), percent("mIoU", 1)),
    tuple((name, None, None) for name in MIXERS),
    "S12 with layer norm: classification, and segmentation of procedural scenes.",
)
_TRANSPOSES = "transposes"


def comparison(number: str, found: Found) -> tuple[PublishedTable, Measured]:
    """A published table, with further columns, and our numbers with their errors; dashes stand where there are none."""
    table = _MIXERS if number == "mixers4" else PUBLISHED[number]
    cells: _Cells = {row: {} for row in table.names}
    _add(cells, _trained(number, found))
    if number == "4.4":
        _add(cells, _sizes(found))
    if number == "4.10":
        _add(cells, configurations())
    if number in COUNTED:
        table = _with_operations(table, cells, found)
    if number in found["latencies"]:
        table, latencies = with_latencies(table, found["latencies"][number])
        _add(cells, latencies)
    return table, _dashed(cells)


def _trained(number: str, found: Found) -> Measured:
    """Figures of trained networks."""
    if number == "4.7":
        return _at_lengths(found)
    return {
        row: {
            heading: cell
            for heading, measure in COLUMNS[number].items()
            if (cell := _figure(found, record_name(network, measure.task), measure.figure)) is not None
        }
        for row, network in ROWS.get(number, {}).items()
    }


def _at_lengths(found: Found) -> Measured:
    return {
        str(lengths[0]): {
            str(length): cell
            for length in lengths
            if (cell := _figure(found, name, accuracy_at(found["lengths"][str(length)]).figure)) is not None
        }
        for name, lengths in RUN_WITH.items()
    }


def _sizes(found: Found) -> Measured:
    return {
        ARCHITECTURES[one["name"]].row: {"parameters": [one["parameters"] / 1e6], "FLOPs": [one["multiply_adds"] / 1e9]}
        for one in found["sizes"]
    }


def _with_operations(table: PublishedTable, cells: _Cells, found: Found) -> PublishedTable:
    """Adds what Core ML programs have; without coremltools, nothing."""
    counts = {row: found["operations"].get(model) for row, model in SPEED_TABLES[table.number].models.items()}
    if not any(counts.values()):
        return table
    _add(
        cells,
        {row: {"reshapes": [one["reshape"]], _TRANSPOSES: [one["transpose"]]} for row, one in counts.items() if one},
    )
    return with_columns(table, (count(_TRANSPOSES),))


def _figure(found: Found, name: str, figure: str) -> MeasuredCell | None:
    return cell_of(found["figures"].get(name, {}).get(figure))


def _add(cells: _Cells, further: Mapping[str, Mapping[str, Sequence[float] | Any]]) -> None:
    for row, one in further.items():
        cells[row] |= one


def _dashed(cells: _Cells) -> _Cells:
    """With a dash in each empty cell of a column that has any."""
    headings = dict.fromkeys(heading for row in cells.values() for heading in row)
    return {row: {heading: own.get(heading, Mark.ABSENT) for heading in headings} for row, own in cells.items()}
