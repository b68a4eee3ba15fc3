"""The files that trained tables leave in a chapter's folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.files import write_text
from reports.tables.table import Table

JSON, MARKDOWN = "tables.json", "tables.md"
"""The numbers, and the tables as shown."""


def write_results(folder: Path, results: Mapping[str, Any], tables: Mapping[str, Table]) -> None:
    """Writes what was measured and the tables that show it."""
    write_text(folder / JSON, json.dumps(results, indent=2))
    write_text(folder / MARKDOWN, "\n".join(table.markdown() for table in tables.values()))
