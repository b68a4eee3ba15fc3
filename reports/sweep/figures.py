"""Plots of a sweep: area against cycle time, with the Pareto front."""

from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.page.figures import INK, write_figure

_COLOURS = ("#3b6fb6", "#e08a2e", "#4e9a51", "#c0504d", "#8064a2", "#2a9d9d")
_PALE = "#c4c8cf"


def write_sweep_figures(report: dict[str, Any], folder: Path) -> None:
    """Writes a plot of each design, NAME/pareto, and one of all, pareto, to `folder`, each as PNG and SVG."""
    names = [design["name"] for design in report["designs"] if design["front"]]
    for name in names:
        points = [record for record in report["points"] if record["design"] == name]
        write_figure(partial(_one_design, name, points), folder / name / "pareto")
    if names:
        write_figure(partial(_all_designs, names, report["points"]), folder / "pareto")


def _one_design(name: str, points: list[dict[str, Any]]) -> Figure:
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    mapped = [record for record in points if "mapped_cycle_time_ns" in record]
    routed = [record for record in mapped if "cycle_time_ns" in record]
    front = _front(points)
    axes.scatter(*_places(mapped, "mapped_cycle_time_ns"), s=12, color=_PALE, label="before layout, without wires")
    axes.scatter(*_places(routed), s=16, color=_COLOURS[0], label="after layout")
    _draw_front(axes, front, _COLOURS[1], "front")
    best = min(front, key=lambda record: record["cell_area"] * record["cycle_time_ns"])
    label = f"least area x time: {best['implementation']} {best['mapping']}"
    axes.scatter(*_places([best]), s=110, marker="*", color=INK, zorder=4, label=label)
    axes.set_title(name, loc="left", fontsize=11)
    _dress(axes)
    return figure


def _all_designs(names: list[str], points: list[dict[str, Any]]) -> Figure:
    figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
    for place, name in enumerate(names):
        front = _front([record for record in points if record["design"] == name])
        _draw_front(axes, front, _COLOURS[place % len(_COLOURS)], name)
    _dress(axes)
    return figure


def _front(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted((record for record in points if record["on_front"]), key=lambda record: record["cell_area"])


def _draw_front(axes: Axes, front: list[dict[str, Any]], colour: str, label: str) -> None:
    """Draws the front as steps, because nothing between two of its points was built."""
    axes.step(*_places(front), where="post", marker="o", markersize=4, linewidth=1.4, color=colour, label=label)


def _places(points: list[dict[str, Any]], time: str = "cycle_time_ns") -> tuple[list[float], list[float]]:
    return [record["cell_area"] for record in points], [record[time] for record in points]


def _dress(axes: Axes) -> None:
    axes.set_xlabel("area of the cells, um2")
    axes.set_ylabel("cycle time, ns")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend(frameon=False, fontsize=9)
