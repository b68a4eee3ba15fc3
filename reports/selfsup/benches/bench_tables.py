"""The self-supervised benches' results as tables."""

from collections.abc import Mapping
from typing import Any

from reports.tables.table import Table

Result = Mapping[str, Any]


def views_table(result: Result) -> Table:
    """The result of `bench_views`."""
    return Table(
        f"Both views of {result['images']} images of {result['side']} x {result['side']} pixels",
        ("contender", "ms", "times own order", "times one order"),
        [
            (
                row["case"],
                f"{row['milliseconds']:.1f}",
                f"{row['ratio_to_own_order']:.2f}",
                f"{row['ratio_to_one_order']:.2f}",
            )
            for row in result["rows"]
        ],
        f"Median of {result['rounds']} rounds in turns; {result['machine']}; {result['device']}. Crop, mirror, colour "
        "jitter and grey of the recipe cifar, draws included. Packages that are not installed are left out.",
    )


def losses_table(result: Result) -> Table:
    """The result of `bench_losses`."""
    return Table(
        f"Losses of two views of {result['images']} images, {result['features']} features, forward and backward",
        ("loss", "ms", "to NT-Xent", "MiB kept for gradients", "to NT-Xent"),
        [
            (
                row["case"],
                f"{row['milliseconds']:.1f}",
                f"{row['ratio_to_nt_xent']:.2f}",
                f"{row['saved_mib']:.1f}",
                f"{row['saved_ratio_to_nt_xent']:.2f}",
            )
            for row in result["rows"]
        ],
        f"Median of {result['rounds']} rounds in turns; {result['machine']}; {result['device']}.",
    )


def step_table(result: Result) -> Table:
    """The result of `bench_step`."""
    return Table(
        f"A step of SimCLR on {result['batch']} images of {result['side']} x {result['side']} pixels",
        ("contender", "ms", "times ours"),
        [(row["case"], f"{row['milliseconds']:.0f}", f"{row['ratio_to_ours']:.2f}") for row in result["rows"]],
        f"Median of {result['rounds']} rounds in turns; {result['machine']}; {result['device']}. ResNet-18 of width "
        f"{result['width']}, views included. {result['workers']} processes beside it make the views of lightly's "
        "recipe, which is left out where lightly is not installed.",
    )
