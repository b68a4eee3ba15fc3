"""The accuracy of a few-shot learner on episodes, as a table."""

from typing import Any

from reports.fewshot.lines import classes_line
from reports.tables.table import Table


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
        f"{first['episodes']} episodes of {record['data']} ({classes_line(record)}), batch norm "
        f"{first['batch_norm']}. The standard error and the interval are over episodes.",
    )
