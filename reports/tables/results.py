"""The files that trained tables leave in a chapter's folder."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from models.files import write_text
from reports.tables.table import Table

JSON, MARKDOWN = "tables.json", "tables.md"
"""The numbers, and the tables as shown."""


def write_results(
    folder: Path, results: dict[str, Any], numbers: Iterable[str], table: Callable[[str, dict[str, Any]], Table]
) -> dict[str, Table]:
    """Writes what was measured and the tables `numbers` that show it; returns the tables.

    table: makes one from its number and the results.
    """
    tables = {number: table(number, results) for number in numbers}
    write_text(folder / JSON, json.dumps(results, indent=2))
    write_text(folder / MARKDOWN, "\n".join(one.markdown() for one in tables.values()))
    return tables
