"""A numbered table of the dissertation as data: numbers where the text prints numbers."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Value:
    """A mean and the error that the text prints after it: one standard error unless the table's notes say otherwise."""

    mean: float
    error: float


class Mark(Enum):
    """What the text prints in place of a number."""

    ABSENT = "-"
    DIVERGES = "diverges"
    UNSUPPORTED = "not supported"


Cell = str | float | Value | Mark | None
"""A cell: text in a text column; a number, a number with its error, a mark or nothing in the others."""


@dataclass(frozen=True)
class Column:
    """A column. unit: of its numbers. places: decimal places shown; None for a column of text. signed: with a sign."""

    heading: str
    unit: str = ""
    places: int | None = None
    signed: bool = False

    @property
    def title(self) -> str:
        """The heading with the unit, unless the unit is a percent sign, which stands in the cells."""
        return f"{self.heading} ({self.unit})" if self.unit and self.unit != "%" else self.heading

    def shown(self, cell: Cell) -> str:
        """A cell of this column as shown: `91.08%`, `62.64 ± 0.31%`, `1,298`."""
        if cell is None:
            return ""
        if isinstance(cell, str):
            return cell
        if isinstance(cell, Mark):
            return cell.value
        places, unit, sign = self.places or 0, "%" if self.unit == "%" else "", "+" if self.signed else ""
        if isinstance(cell, Value):
            return f"{cell.mean:{sign},.{places}f} ± {cell.error:.{max(places, 1)}f}{unit}"
        return f"{cell:{sign},.{places}f}{unit}"


def text(heading: str) -> Column:
    """A column of text."""
    return Column(heading)


def number(heading: str, places: int, unit: str = "") -> Column:
    """A column of numbers."""
    return Column(heading, unit, places)


def count(heading: str) -> Column:
    """A column of whole numbers."""
    return number(heading, 0)


def percent(heading: str, places: int = 2) -> Column:
    """A column of percentages."""
    return number(heading, places, "%")


def difference(heading: str, places: int = 2) -> Column:
    """A column of differences of percentages, in points, with their signs."""
    return Column(heading, places=places, signed=True)


def milliseconds(heading: str, places: int) -> Column:
    """A column of times in milliseconds."""
    return number(heading, places, "ms")


def values(*pairs: tuple[float, float]) -> tuple[Value, ...]:
    """Cells from pairs of a mean and its error."""
    return tuple(Value(mean, error) for mean, error in pairs)


@dataclass(frozen=True)
class PublishedTable:
    """A table as the text prints it.

    number: `2.6`, or a name for a table of our own. rows: a cell for each column. notes: the text's caption and
    remarks, and what we found in the numbers. labels: how many of the first columns together name a row.

    Raises ValueError if a row lacks a cell or has one of the wrong kind, or if two rows or two columns share a name.
    """

    number: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: str = ""
    labels: int = 1

    def __post_init__(self) -> None:
        headings = self.headings
        for kind, names in (("row", self.names), ("column", headings)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"Table {self.number} has more than one {kind} {twice[0]!r}")
        for name, row in zip(self.names, self.rows, strict=True):
            if len(row) != len(self.columns):
                raise ValueError(f"Table {self.number}, row {name!r}: {len(row)} cells for {len(headings)} columns")
            for column, cell in zip(self.columns, row, strict=True):
                if isinstance(cell, str) != (column.places is None):
                    allowed = "text" if column.places is None else "a number or a mark"
                    raise ValueError(
                        f"Table {self.number}, row {name!r}, column {column.heading!r}: {cell!r} is not {allowed}"
                    )

    @property
    def heading(self) -> str:
        """The title after the number, if it has one of the dissertation's."""
        return f"Table {self.number}: {self.title}" if self.number[:1].isdigit() else self.title

    @property
    def headings(self) -> list[str]:
        """The columns' headings."""
        return [column.heading for column in self.columns]

    @property
    def names(self) -> list[str]:
        """The rows' names: their label cells, joined by commas."""
        labels = self.columns[: self.labels]
        return [", ".join(column.shown(cell) for column, cell in zip(labels, row, strict=False)) for row in self.rows]

    def cell(self, row: str, heading: str) -> Cell:
        """The cell of the row of this name in the column of this heading. Raises ValueError if there is none."""
        names, headings = self.names, self.headings
        for kind, name, allowed in (("row", row, names), ("column", heading, headings)):
            if name not in allowed:
                raise ValueError(f"Table {self.number} has no {kind} {name!r}; allowed are {'; '.join(allowed)}")
        return self.rows[names.index(row)][headings.index(heading)]

    def numeric(self, row: str, heading: str) -> float:
        """The number in a cell, without its error. Raises ValueError if the cell holds none."""
        cell = self.cell(row, heading)
        if isinstance(cell, Value):
            return cell.mean
        if cell is None or isinstance(cell, str | Mark):
            raise ValueError(f"Table {self.number}, row {row!r}, column {heading!r} holds {cell!r}, not a number")
        return cell


def by_number(*tables: PublishedTable) -> dict[str, PublishedTable]:
    """Tables by their numbers."""
    return {table.number: table for table in tables}
