"""The last epoch of a run of chapter 4, as a table, and its figures as lines."""

from collections.abc import Mapping
from typing import Any

from reports.tables.table import Table

_FIGURES = {
    "loss": ("loss", "{:.4f}"),
    "train_accuracy": ("accuracy in training, of soft targets", "{:.1%}"),
    "accuracy": ("held-out accuracy", "{:.2%}"),
    "mean_iou": ("mean IoU", "{:.1%}"),
    "pixel_accuracy": ("held-out pixels that are right", "{:.1%}"),
    "box_AP": ("box AP", "{:.1%}"),
    "mask_AP": ("mask AP", "{:.1%}"),
    "top5": ("held-out accuracy among the first five", "{:.2%}"),
}


def training_table(record: Mapping[str, Any]) -> Table:
    """The figures of the last epoch, from a run's summary."""
    rows = _shown(record["last_epoch"])
    height, width = record["image_shape"][1:]
    note = (
        f"{record['data']}: {record['train_images']} training and {record['held_out_images']} held-out images of "
        f"{height} x {width}; epochs: {record['epochs']}, steps: {record['steps']}, batch {record['batch_size']}; "
        f"{record['parameters'] / 1e6:.2f} M parameters, seed {record['seed']}."
    )
    return Table(f"Last epoch: {record['task']}, {record['network']}", ("figure", "value"), rows, note)


def figure_lines(figures: Mapping[str, float]) -> tuple[str, ...]:
    """Figures on held-out data, one a line."""
    return tuple(f"{title} {shown}" for title, shown in _shown(figures))


def _shown(figures: Mapping[str, float]) -> list[tuple[str, str]]:
    known = [(_FIGURES[name], figures[name]) for name in _FIGURES if name in figures]
    others = [((name, "{:.4f}"), value) for name, value in figures.items() if name not in _FIGURES]
    return [(title, form.format(value)) for (title, form), value in (*known, *others)]
