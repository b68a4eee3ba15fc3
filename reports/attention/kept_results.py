"""Results of chapter 4's tables that figures read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports.tables.results import JSON

COMMITTED = Path(__file__).parents[1] / "results" / "attention"
"""The folder of results that are kept with the code."""

Results = Mapping[str, Any]


def table_results(runs: Path) -> Results:
    """The results that `table` left in a folder of runs, else the committed ones; empty if there are none.

    Raises ValueError, naming the file, if it is damaged.
    """
    for path in (runs / JSON, COMMITTED / "tables-small.json"):
        if path.is_file():
            return read_results(path)
    return {}


def read_results(path: Path) -> Results:
    """The object in a JSON file. Raises ValueError, naming the file, if it holds none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: it is no JSON") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} is damaged: it holds no object")
    return found
