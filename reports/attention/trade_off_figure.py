"""Figure 4.3: published accuracy beside the latency of exported files, and trained token mixers beside each other."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.attention.kept_results import COMMITTED, table_results
from reports.attention.mixers_figure import draw_mixers, mixer_points
from reports.tables.registry import FigureSource

_BENCH = COMMITTED / "bench-peers.json"
_FILES = ("onnxruntime", "openvino", "tensorrt")
_COLOURS = {"ours": "#b8322a", "peer": "#30343b"}

Row = Mapping[str, Any]


def figure_4_3(source: FigureSource) -> Figure:
    """Figure 4.3: a panel for each resolution of a bench; hollow marks are of networks that a larger one taught.

    A last panel compares token mixers in one network, where the runs of Table `mixers4` were measured. Raises
    ValueError without them and without a record of `bench attention --case peers`.
    """
    results = table_results(source.runs)
    points = mixer_points(results)
    rows = [] if points and source.bench is None and not _BENCH.is_file() else exported_rows(source.bench or _BENCH)
    names = list(dict.fromkeys(row["name"] for row in rows))
    panels = len(names) + bool(points)
    figure, axes = plt.subplots(1, panels, figsize=(5 * panels, 4.2), layout="constrained", squeeze=False)
    for panel, name in zip(axes[0], names, strict=False):
        _draw(panel, [row for row in rows if row["name"] == name])
        panel.set_title(name, fontsize=10)
    if names:
        axes[0][0].set_ylabel("published top-1 on ImageNet-1K, %")
        figure.supxlabel("Red: with local self-attention or Next-ViT, built here. Hollow: distilled.", fontsize=9)
    if points:
        draw_mixers(axes[0][-1], points, f"scale {results['scale']}, seeds: {len(results['seeds'])}, 1 SE")
    return figure


def exported_rows(path: Path) -> list[Row]:
    """The rows of exported files with published accuracies.

    Raises ValueError if the file is missing, is no record of the bench or has no such rows.
    """
    wanted = "figure 4.3 needs --bench with the JSON of `wrapmac bench attention --case peers --backend onnxruntime`"
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        found = [row for row in rows if row.get("backend") in _FILES and "accuracy" in row]
    except FileNotFoundError as error:
        raise ValueError(f"{wanted}; there is no {path}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{wanted}; {path} is none") from error
    if not found:
        raise ValueError(f"{wanted}; {path} has no exported files with published accuracies")
    return found


def _draw(axes: Axes, rows: Sequence[Row]) -> None:
    for row in rows:
        colour = _COLOURS[row["whose"]]
        face = "none" if row["distilled"] == "yes" else colour
        axes.scatter(row["least_ms"], row["accuracy"], s=40, edgecolors=colour, facecolors=face)
        axes.annotate(
            row["case"],
            (row["least_ms"], row["accuracy"]),
            (4, 4),
            textcoords="offset points",
            fontsize=8,
            color=colour,
        )
    axes.set_xscale("log")
    axes.set_xlabel("latency, ms (log scale)")
    axes.margins(0.2)
