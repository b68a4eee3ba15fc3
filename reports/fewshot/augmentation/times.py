"""Table 6.9: how long training takes with the chapter's augmentations and with Meta-MaxUp."""

from collections.abc import Mapping
from dataclasses import replace

from models.fewshot.class_images import FewShotData
from models.progress import Progress
from reports.fewshot.augmentation.networks import AUGMENTED_NETWORKS, BACKBONES, DA, MM, trained_with
from reports.fewshot.experiments import network_config
from reports.fewshot.scales import Scale
from reports.fewshot.step_times import timed
from reports.tables.beside import Measured
from reports.tables.published import PublishedTable, number, text

_BASELINES = ("R2-D2", "MetaOptNet")
_ADDED = {"": (), " + DA": (DA,), " + MM": (MM,)}
_METHODS = {f"{baseline}{ending}": (baseline, added) for baseline in _BASELINES for ending, added in _ADDED.items()}
"""Their baselines, and what is added to these, by the methods of the table."""

_COLUMNS = (
    text("method"),
    text("backbone"),
    number("training", 1, "h"),
    number("in all", 3, "h"),
    number("to the baseline", 2),
    number("epoch", 2, "s"),
)
_MINUTES = 60  # of an hour


def augmentation_times(data: FewShotData, scale: Scale, progress: Progress) -> dict[str, dict[str, float]]:
    """How long the trainings of Table 6.9 take, from medians of steps that take turns in one run.

    Returns, by method and backbone as in `R2-D2 + DA, CNN-4`: `step_ms`, `epoch_s`, `total_h` and `to_baseline`, the
    ratio to the method without augmentation.
    """
    configs = {
        f"{method}, {backbone}": network_config(
            trained_with(f"{baseline}, {backbone}", *added), 0, data, scale, AUGMENTED_NETWORKS
        )
        for method, (baseline, added) in _METHODS.items()
        for backbone in BACKBONES
    }
    times = timed(configs, data, progress)
    return {
        f"{method}, {backbone}": _figures(times[f"{method}, {backbone}"], times[f"{baseline}, {backbone}"])
        for method, (baseline, _) in _METHODS.items()
        for backbone in BACKBONES
    }


def runtime_comparison(
    table: PublishedTable, times: Mapping[str, Mapping[str, float]]
) -> tuple[PublishedTable, Measured]:
    """Table 6.9 with a row for each backbone: its hours and their ratios to the baseline, and ours.

    times: see `augmentation_times`.
    """
    rows = []
    for method, (baseline, _) in _METHODS.items():
        for backbone in BACKBONES:
            hours = table.numeric(method, backbone)
            rows.append((method, backbone, hours, None, hours / table.numeric(baseline, backbone), None))
    measured = {
        row: {"in all": [found["total_h"]], "to the baseline": [found["to_baseline"]], "epoch": [found["epoch_s"]]}
        for row, found in times.items()
    }
    return replace(table, columns=_COLUMNS, rows=tuple(rows), labels=2), measured


def _figures(times: Mapping[str, float], baseline: Mapping[str, float]) -> dict[str, float]:
    return {
        "step_ms": times["step_ms"],
        "epoch_s": times["epoch_s"],
        "total_h": times["total_min"] / _MINUTES,
        "to_baseline": times["step_ms"] / baseline["step_ms"],
    }
