"""The result of the augmentation bench as tables."""

from collections.abc import Mapping
from typing import Any

from reports.fewshot.benches.augment_bench import FORWARD
from reports.tables.table import Table

Result = Mapping[str, Any]


def augment_tables(result: Result) -> list[Table]:
    """The result of `bench_augment`: steps, augmentations alone, and kornia's loops."""
    return [_steps(result), _augmentations(result), _peers(result)]


def _steps(result: Result) -> Table:
    setting = result["setting"]
    (forward,) = (row["ratio_to_baseline"] for row in result["rows"] if row["case"] == FORWARD)
    return Table(
        f"Steps of R2-D2 on {setting['tasks']} tasks of {setting['side']} x {setting['side']} pixels, "
        f"{setting['encoder']}",
        ("step", "ms", "times the baseline", "peak MiB", "times the baseline's"),
        [_step_row(row) for row in result["rows"]],
        f"Median of {result['rounds']} rounds in turns; {result['machine']}; {result['device']}. 5-way "
        f"{setting['shots']}-shot, {setting['queries']} queries, m = {setting['m']}. DA is cutmix:query+rotation:task. "
        f"A step and m forward passes are {1 + setting['m'] * forward:.2f} times the baseline. "
        "Memory: tensors besides network and data, each figure from a process of its own.",
    )


def _step_row(row: Result) -> tuple[str, ...]:
    times = row["case"], f"{row['milliseconds']:.1f}", f"{row['ratio_to_baseline']:.2f}"
    if row["case"] == FORWARD:
        return (*times, "", "")
    return (*times, f"{row['peak_mib']:.1f}", f"{row['peak_ratio']:.2f}")


def _augmentations(result: Result) -> Table:
    return Table(
        "Augmentations by themselves",
        ("augmentation", "ms", "of a baseline step"),
        [
            (row["case"], f"{row['milliseconds']:.2f}", f"{100 * row['share_of_step']:.1f}%")
            for row in result["augmentations"]
        ],
        "Draws and changes of all images of the batch that the augmentation acts on.",
    )


def _peers(result: Result) -> Table:
    note = "The same images one after another, from the same areas, angles and probabilities; draws included."
    return Table(
        "All images at once beside a loop over images in kornia",
        ("augmentation", "ms", "ms in kornia", "times kornia"),
        [
            (
                row["case"],
                f"{row['milliseconds']:.2f}",
                f"{row['kornia_milliseconds']:.2f}",
                f"{row['times_kornia']:.1f}",
            )
            for row in result["peers"]
        ],
        note if result["peers"] else "kornia is not installed, so its loops are left out; the extra `bench` holds it.",
    )
