"""Tables of trained networks: from their rows to results, and from results to what is shown."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from models.data.images import ImageData
from models.progress import Progress
from reports.records.provenance import machine, now, tool_versions
from reports.tables.table import Table
from reports.wrapnet.experiments import Scale, experiment, run_experiments
from reports.wrapnet.published import TRAINING_TABLES, Row

_DIVERGED = "diverges"


def check_numbers(numbers: Sequence[str]) -> None:
    """Raises ValueError if `numbers` is empty or holds one that is not a table of trained networks."""
    if not numbers:
        raise ValueError(f"name at least one table of {', '.join(TRAINING_TABLES)}, or `all`")
    for number in numbers:
        if number not in TRAINING_TABLES:
            raise ValueError(f"there is no table {number!r}; allowed are {', '.join(TRAINING_TABLES)}")


def measure_tables(
    numbers: Sequence[str],
    data: ImageData,
    scale: Scale,
    seeds: Sequence[int],
    out: Path,
    progress: Progress,
    command: str,
) -> dict[str, Any]:
    """Trains what the tables `numbers` need, with every seed, and returns their results as plain JSON values.

    out: keeps finished stages, so that a run that was killed goes on. Raises ValueError for an unknown table.
    """
    check_numbers(numbers)
    tables = [TRAINING_TABLES[number] for number in numbers]
    wanted = {
        (table.number, row.label, seed): experiment(table, row, scale, seed)
        for table in tables
        for row in table.rows
        for seed in seeds
    }
    records = run_experiments(wanted.values(), data, scale, out, progress)
    return {
        "tables": {
            table.number: {
                row.label: {str(seed): records[wanted[table.number, row.label, seed].name] for seed in seeds}
                for row in table.rows
            }
            for table in tables
        },
        "scale": scale.name,
        "train_images": scale.train_images or data.train_count,
        "held_out_images": data.test_count,
        "data": data.name,
        "seeds": list(seeds),
        "command": command,
        "tools": tool_versions(),
        "machine": machine(),
        "created": now(),
    }


def training_table(number: str, results: dict[str, Any]) -> Table:
    """Table `number`: the published columns beside ours, in percent; with several seeds, the mean and the range."""
    table = TRAINING_TABLES[number]
    measured = results["tables"][number]
    columns = _columns(table.rows, measured)
    rows = [(row.label, *(_cell(row, measured[row.label], column) for column in columns)) for row in table.rows]
    scale = (
        f"Ours: scale {results['scale']}, {results['train_images']:,} training images of {results['data']}, "
        f"{len(results['seeds'])} seed{'s' if len(results['seeds']) > 1 else ''}."
    )
    note = " ".join(part for part in (table.note, scale) if part)
    title = f"Table {number}: {table.title}" if number[0].isdigit() else table.title
    return Table(title, ("", *(_HEADINGS[column] for column in columns)), rows, note)


_HEADINGS = {
    "published": "published",
    "accuracy": "ours",
    "published_wrapped": "published, wrapping",
    "wrapped_accuracy": "ours, wrapping",
    "published_rate": "published overflow",
    "overflow_rate": "our overflow",
    "published_bits": "published bits",
    "activation_bits": "our bits",
    "carry_mean": "carries",
    "carry_deviation": "carry deviation",
    "carry_layers": "layers with carries",
}


def _columns(rows: Sequence[Row], measured: dict[str, dict[str, Any]]) -> list[str]:
    """The columns that some row has something in."""
    found = {key for seeds in measured.values() for record in seeds.values() for key in record}
    found |= {key for row in rows for key in _HEADINGS if getattr(row, key, None) is not None}
    return [column for column in _HEADINGS if column in found]


def _cell(row: Row, seeds: dict[str, dict[str, Any]], column: str) -> str:
    if column.startswith("published"):
        value = getattr(row, column)
        if value is None:
            return _DIVERGED if column == "published" and row.diverged else ""
        return str(value) if column == "published_bits" else f"{value:.2f}%"
    values = [record[column] for record in seeds.values() if column in record]
    if not values:
        return ""
    scaled, places, unit = (
        ([value * 100 for value in values], 2, "%")
        if column in ("accuracy", "wrapped_accuracy", "overflow_rate")
        else (values, 0 if column in ("activation_bits", "carry_layers") else 1, "")
    )
    text = f"{mean(scaled):.{places}f}{unit}"
    spread = (max(scaled) - min(scaled)) / 2
    return f"{text} ± {spread:.{max(places, 1)}f}" if len(scaled) > 1 else text
