"""Renders a published table, beside what was measured if anything was."""

from collections.abc import Mapping, Sequence
from statistics import mean

from reports.tables.published import Cell, Column, Mark, PublishedTable, Value
from reports.tables.table import Table

Measured = Mapping[str, Mapping[str, Sequence[float] | Value | Mark]]
"""Measured numbers, one for each seed or their mean with its error, or a mark in place of one, by a table's row names
and column headings; in the column's unit."""


def rendered(table: PublishedTable, measured: Measured | None = None, note: str = "") -> Table:
    """A published table as text: alone, or with a column of ours after each published one.

    A column that nothing was published for, or nothing measured, is left out of the comparison. Measurements with
    several seeds are shown as their mean and half their range, a mean with its error as it is. note: added to the
    table's own notes.
    """
    notes = " ".join(part for part in (table.notes, note) if part)
    columns = list(_published_alone(table) if measured is None else _compared(table, measured))
    titles = tuple(title for title, _ in columns)
    return Table(table.heading, titles, list(zip(*(cells for _, cells in columns), strict=True)), notes, table.labels)


def over_seeds(numbers: Sequence[float]) -> Cell:
    """The mean of measurements with several seeds and half their range; a single one as it is; None for none."""
    if len(numbers) < 2:
        return numbers[0] if numbers else None
    return Value(mean(numbers), (max(numbers) - min(numbers)) / 2)


_ShownColumn = tuple[str, list[str]]


def _published_alone(table: PublishedTable) -> list[_ShownColumn]:
    return [(column.title, _shown(column, _cells(table, index))) for index, column in enumerate(table.columns)]


def _compared(table: PublishedTable, measured: Measured) -> list[_ShownColumn]:
    columns = _published_alone(table)[: table.labels]
    for index, column in enumerate(table.columns[table.labels :], table.labels):
        published = _cells(table, index)
        found = [measured.get(name, {}).get(column.heading, ()) for name in table.names]
        ours = [one if isinstance(one, Value | Mark) else over_seeds(one) for one in found]
        for whose, cells in (("published", published), ("ours", ours)):
            if any(cell is not None for cell in cells):
                title = f"{whose}, {column.title}" if column.title else whose
                columns.append((title, _shown(column, cells)))
    return columns


def _cells(table: PublishedTable, index: int) -> list[Cell]:
    return [row[index] for row in table.rows]


def _shown(column: Column, cells: Sequence[Cell]) -> list[str]:
    return [column.shown(cell) for cell in cells]
