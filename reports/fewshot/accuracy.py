"""The accuracy of a few-shot learner on episodes, as a table."""

from collections.abc import Mapping
from typing import Any

from reports.fewshot.lines import classes_line
from reports.tables.table import Table

ESTIMATE = ("accuracy", "1 SE", "95% interval")
"""Headings of `estimate_cells`."""


def estimate_cells(record: Mapping[str, Any]) -> tuple[str, str, str]:
    """A mean accuracy, its standard error and its interval, in percent, from the record of an estimate."""
    mean, error, low, high = (100 * record[name] for name in ("mean", "standard_error", "low", "high"))
    return f"{mean:.2f}%", f"{error:.2f}", f"{low:.2f} to {high:.2f}"


def accuracy_table(record: dict[str, Any]) -> Table:
    """Mean accuracy over episodes for each number of shots, with one standard error and the 95% interval.

    record: of a training, from `models.fewshot.run`.
    """
    evaluations = record["evaluations"]
    rows = [
        (
            f"{one['way']}-way {one['shot']}-shot",
            f"{one['query']}",
            one["head"],
            *estimate_cells(one),
        )
        for one in evaluations
    ]
    first = evaluations[0]
    return Table(
        "Accuracy on episodes of test classes",
        ("episodes", "queries/class", "head", *ESTIMATE),
        rows,
        f"{first['episodes']} episodes of {record['data']} ({classes_line(record)}), batch norm "
        f"{first['batch_norm']}. The standard error and the interval are over episodes.",
    )
