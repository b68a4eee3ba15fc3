"""Tables of trained networks: from their rows to results, and from results to what is shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.data.cifar import cifar10
from models.data.images import ImageData
from models.progress import Progress
from reports.records.provenance import provenance
from reports.tables.beside import Measured, rendered
from reports.tables.published import PublishedTable, count, number, percent, text
from reports.tables.results import write_results
from reports.tables.table import Table
from reports.wrapnet.experiments import SCALES, Scale, row_experiment, run_networks
from reports.wrapnet.training_tables import TRAINING_TABLES

_MEASURED = {
    "accuracy": percent(""),
    "wrapped_accuracy": percent("wrapping"),
    "overflow_rate": percent("overflow"),
    "activation_bits": count("bits"),
    "carry_mean": number("carries", 2),
    "carry_deviation": number("carry deviation", 2),
    "carry_layers": count("layers with carries"),
}
"""Columns by the name of what a record holds. The first needs no heading: accuracy is what the tables are about."""


def train_tables(
    numbers: Sequence[str], *, data: Path | None, scale: str, seeds: int, out: Path, progress: Progress
) -> dict[str, Table]:
    """Trains what the tables `numbers` compare and writes `tables.json` and `tables.md` to `out`; returns the tables.

    data: CIFAR-10, a folder or an archive. scale: one of SCALES. seeds: how many, from 0. Raises ValueError if `data`
    is None, holds no CIFAR-10, or for an unknown table.
    """
    if data is None:
        trained = ", ".join(numbers)
        raise ValueError(f"tables that are trained ({trained}) need --data with the folder or archive of CIFAR-10")
    results = measure_tables(numbers, cifar10(data), SCALES[scale], range(seeds), out, progress)
    return write_results(out, results, numbers, training_table)


def measure_tables(
    numbers: Sequence[str],
    data: ImageData,
    scale: Scale,
    seeds: Sequence[int],
    out: Path,
    progress: Progress,
    command: str | None = None,
) -> dict[str, Any]:
    """Trains what the tables `numbers` need, with every seed, and returns their results as plain JSON values.

    out: keeps finished stages, from which a killed run resumes. command: what the results say they were made
    by; the command line if left out. Raises ValueError for a table that is not trained.
    """
    for name in numbers:
        if name not in TRAINING_TABLES:
            raise ValueError(f"table {name!r} is not trained; allowed are {', '.join(TRAINING_TABLES)}")
    wanted = {
        name: {
            row.label: {str(seed): row_experiment(TRAINING_TABLES[name], row, scale, seed) for seed in seeds}
            for row in TRAINING_TABLES[name].rows
        }
        for name in numbers
    }
    experiments = [one for rows in wanted.values() for by_seed in rows.values() for one in by_seed.values()]
    records = run_networks(experiments, data, scale, out, progress)
    return {
        "tables": {
            name: {label: {seed: records[one.key] for seed, one in by_seed.items()} for label, by_seed in rows.items()}
            for name, rows in wanted.items()
        },
        "scale": scale.name,
        "train_images": scale.train_images or data.train_count,
        "held_out_images": data.test_count,
        "data": data.name,
        "seeds": list(seeds),
        **provenance(command=command),
    }


def training_table(name: str, results: dict[str, Any]) -> Table:
    """Table `name`: the published columns beside ours, accuracy first; with several seeds, mean and half the range."""
    several = len(results["seeds"]) > 1
    seeds = f"{len(results['seeds'])} seeds, mean and half the range" if several else "1 seed"
    scale = (
        f"Ours: scale {results['scale']}, {results['train_images']:,} training images of {results['data']}, {seeds}."
    )
    return rendered(_published(name), _measured(results["tables"][name]), scale)


def _published(name: str) -> PublishedTable:
    """What the dissertation prints for the rows of a table, in the columns that we measure."""
    table = TRAINING_TABLES[name]
    rows = tuple((row.label, *(row.published.get(measured) for measured in _MEASURED)) for row in table.rows)
    return PublishedTable(name, table.title, (text("network"), *_MEASURED.values()), rows, table.note)


def _measured(records: dict[str, dict[str, dict[str, Any]]]) -> Measured:
    """Records by row and seed as numbers by row and column; shares as percentages."""
    return {
        label: {
            column.heading: [
                record[name] * (100 if column.unit == "%" else 1) for record in by_seed.values() if name in record
            ]
            for name, column in _MEASURED.items()
        }
        for label, by_seed in records.items()
    }
