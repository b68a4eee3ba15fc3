"""What commands leave: JSON in a file, then tables on the terminal."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console

from models.files import write_text
from reports.tables.table import Table


class _OutputConsole(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Raises BrokenPipeError, as `print` does, for the command line to handle; rich would end the process."""
        raise BrokenPipeError


def write_json(path: Path | None, record: Any) -> None:
    """Writes `record` as JSON if a file is named. Commands write before they print, which may fail."""
    if path is not None:
        write_text(path, json.dumps(record, indent=2))


def show(tables: Iterable[Table], *, notes: bool = False) -> None:
    """Prints tables, with their notes if `notes`."""
    console = _OutputConsole()
    for table in tables:
        console.print(table.terminal())
        if notes and table.note:
            print(table.note)


def show_note(note: str | None) -> None:
    """Prints a note on standard error, if there is one."""
    if note is not None:
        print(f"wrapmac: note: {note}", file=sys.stderr)


def show_page(path: Path) -> None:
    """Prints where the report is."""
    print(f"The report: {path}")
