"""A table: a title, columns and rows, shown alike in Markdown, HTML and on the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table as RichTable


@dataclass(frozen=True)
class Table:
    """A table as shown.

    columns: headings. rows: cells. note: stands below. labels: how many of the first columns name a row; they stand
    to the left, all others to the right.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    labels: int = 1

    def markdown(self) -> str:
        """The table in Markdown, under its title as a heading."""
        numbers = ["---:"] * (len(self.columns) - self.labels)
        lines = [f"## {self.title}", "", _line(self.columns), _line(["---"] * self.labels + numbers)]
        lines += [_line(row) for row in self.rows]
        return "\n".join([*lines, "", self.note] if self.note else lines) + "\n"

    def terminal(self) -> RichTable:
        """The table for a terminal."""
        table = RichTable(
            title=self.title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True
        )
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="left" if index < self.labels else "right", overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        return table


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
