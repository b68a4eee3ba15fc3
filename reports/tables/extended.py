"""Published tables with rows and columns that nothing was published in."""

from collections.abc import Sequence
from dataclasses import replace

from reports.tables.published import Column, PublishedTable


def with_rows(table: PublishedTable, labels: Sequence[tuple[str, ...]]) -> PublishedTable:
    """The table with rows of these labels, but for those that it has."""
    missing = [label for label in labels if ", ".join(label) not in table.names]
    empty = (None,) * (len(table.columns) - table.labels)
    return replace(table, rows=table.rows + tuple((*label, *empty) for label in missing))


def with_columns(table: PublishedTable, columns: tuple[Column, ...]) -> PublishedTable:
    """The table with further columns."""
    rows = tuple((*row, *(None for _ in columns)) for row in table.rows)
    return replace(table, columns=table.columns + columns, rows=rows)
