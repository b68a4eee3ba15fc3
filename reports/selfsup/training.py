"""The last epoch of a self-supervised run, as a table."""

from collections.abc import Mapping
from typing import Any

from reports.tables.table import Table

_FIGURES = {
    "loss": ("loss", "{:.4f}"),
    "task_accuracy": ("accuracy in tasks", "{:.1%}"),
    "turn_accuracy": ("accuracy of turns", "{:.1%}"),
    "positive_cosine": ("cosine of views of one image", "{:.3f}"),
    "negative_cosine": ("cosine of views of two images", "{:.3f}"),
    "knn_accuracy": ("k-NN accuracy", "{:.1%}"),
    "spread": ("spread of projections, of 1/sqrt(d)", "{:.3f}"),
    "effective_rank": ("effective rank of projections", "{:.1f}"),
    "view_share": ("share of time that views take", "{:.1%}"),
}


def training_table(record: Mapping[str, Any]) -> Table:
    """The figures of the last epoch, from a run's summary."""
    last, knn = record["last_epoch"], record["knn"]
    rows = [(title, form.format(last[name])) for name, (title, form) in _FIGURES.items() if name in last]
    note = (
        f"{record['data']}, {record['images']} images; epochs: {record['epochs']}, steps of each: "
        f"{record['steps_per_epoch']}; learning rate {record['scaled_learning_rate']:.4g}, seed {record['seed']}."
    )
    if knn is not None:
        note += (
            f" k-NN: {knn['neighbours']} neighbours among {knn['labels']} labelled images, on {knn['test_images']} "
            "held-out ones; `wrapmac evaluate` measures more closely."
        )
    return Table(f"Last epoch: {record['learner']}, rotation {record['rotation']}", ("figure", "value"), rows, note)
