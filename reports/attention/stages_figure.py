"""Figure 4.2: latency against resolution, of networks with global or local attention in some stages."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from reports.attention.benches.speed_tables import SPEED_TABLES
from reports.attention.kept_results import read_results, table_results
from reports.tables.registry import FigureSource

_TABLE = "4.3"
_TITLES = {model: row for row, model in SPEED_TABLES[_TABLE].models.items()} | {"s12": "Ours, BN-LN"}
_COLOURS = ("#7a8290", "#3b6fb6", "#e08a2e", "#b8322a", "#4d9a58")
_NEEDED = (
    "figure 4.2 needs --bench with the JSON of `wrapmac bench attention --table 4.3`, or --runs with the folder of "
    "`wrapmac table 4.3`"
)


def figure_4_2(source: FigureSource) -> Figure:
    """Figure 4.2: a panel for each backend, a line for each network. Raises ValueError without measurements."""
    rows = stage_rows(source)
    backends = list(dict.fromkeys(row["backend"] for row in rows))
    figure, axes = plt.subplots(1, len(backends), figsize=(5.4 * len(backends), 4), layout="constrained", squeeze=False)
    for panel, backend in zip(axes[0], backends, strict=True):
        mine = [row for row in rows if row["backend"] == backend]
        for model, colour in zip(dict.fromkeys(row["case"] for row in mine), _COLOURS * len(mine), strict=False):
            points = sorted((row["height"], row["least_ms"]) for row in mine if row["case"] == model)
            sides, times = zip(*points, strict=True)
            panel.plot(sides, times, marker="o", markersize=4, color=colour, label=_TITLES.get(model, model))
        panel.set(xlabel="side of the square images, pixels", yscale="log", xticks=sides)
        panel.set_title(backend, fontsize=10)
        panel.legend(frameon=False, fontsize=8)
    axes[0][0].set_ylabel("latency, ms (log scale)")
    return figure


def stage_rows(source: FigureSource) -> Sequence[Mapping[str, Any]]:
    """The bench's rows of networks on square images. Raises ValueError if there are none."""
    if source.bench is not None and not source.bench.is_file():
        raise ValueError(f"{_NEEDED}; there is no {source.bench}")
    found = table_results(source.runs).get("latencies", {}).get(_TABLE, {}) if source.bench is None else None
    record = read_results(source.bench) if source.bench is not None else found or {}
    try:
        rows = [row for row in record.get("rows", []) if row["height"] == row["width"] and row["least_ms"] > 0]
        if rows and record.get("case") == "network" and all({"case", "backend"} <= row.keys() for row in rows):
            return rows
    except (KeyError, TypeError, AttributeError):
        pass
    raise ValueError(_NEEDED if source.bench is None else f"{_NEEDED}; {source.bench} is none")
