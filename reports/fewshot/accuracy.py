"""The accuracy of a few-shot learner on episodes, as a table."""

from collections.abc import Iterable, Mapping
from typing import Any

from reports.tables.table import Table


def accuracy_table(evaluations: Iterable[Mapping[str, Any]], data: str) -> Table:
    """Mean accuracy over episodes for each number of shots, with one standard error and the 95% interval."""
    evaluations = list(evaluations)
    rows = [
        (
            f"{one['way']}-way {one['shot']}-shot",
            f"{one['query']}",
            one["head"],
            f"{100 * one['mean']:.2f}%",
            f"{100 * one['standard_error']:.2f}",
            f"{100 * one['low']:.2f} to {100 * one['high']:.2f}",
        )
        for one in evaluations
    ]
    first = evaluations[0]
    return Table(
        "Accuracy on episodes of test classes",
        ("episodes", "queries/class", "head", "accuracy", "1 SE", "95% interval"),
        rows,
        f"{first['episodes']} episodes of {data}, batch norm {first['batch_norm']}. The standard error and the "
        "interval are over episodes.",
    )
