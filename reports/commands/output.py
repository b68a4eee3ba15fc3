"""What commands leave: a record in a file, then tables on the terminal."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console

from models.files import write_text
from reports.tables.table import Table


class _Terminal(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Leaves a reader that stops early to the command line, as `print` does; rich would end the process."""
        raise BrokenPipeError


def write_record(path: Path | None, record: Any) -> None:
    """Writes JSON to a file, if one is named. Commands do so before they print, which may fail."""
    if path is not None:
        write_text(path, json.dumps(record, indent=2))


def show(tables: Iterable[Table], *, notes: bool = False) -> None:
    """Prints tables; notes: with what is written below them."""
    terminal = _Terminal()
    for table in tables:
        terminal.print(table.terminal())
        if notes and table.note:
            print(table.note)


def show_page(path: Path) -> None:
    """Prints where the report is."""
    print(f"The report: {path}")
