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
