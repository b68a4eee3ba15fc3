"""The main report's figures, drawn with matplotlib from report.json alone."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw.mac.parts import PARTS
from models.arithmetic import cyclic, wrap
from reports.mac.published import REFERENCE, area_ratio, published_shares
from reports.page.figures import INK, write_figure

PART_COLOURS = {"multiplier": "#3b6fb6", "accumulator": "#e08a2e", "cyclic": "#e8c531", "auxiliary": "#9a9a9a"}
"""The parts' colours in the dissertation's Figure 2.4: blue, orange, yellow, grey."""


def area_by_part(report: dict[str, Any]) -> Figure:
    """Draws published and measured cell area by part, relative to 8x8x32, in the style of Figure 2.2b."""
    names = [design["name"] for design in report["designs"]]
    library = report["designs"][0]["library"]
    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    reference = next(design["area"] for design in report["designs"] if design["name"] == REFERENCE)
    ours = [{part: design["area_by_part"][part] / reference for part in PARTS} for design in report["designs"]]
    published = [{part: share * area_ratio(name) for part, share in published_shares(name).items()} for name in names]
    stack_parts(axes, names, published, ours)
    axes.set_ylabel(f"cell area relative to {REFERENCE}")
    axes.legend(frameon=False, title=f"left, hatched: published (28 nm, layout)\nright: {library}, synthesis")
    return figure


def stack_parts(
    axes: Axes,
    names: Sequence[str],
    published: Sequence[dict[str, float]],
    ours: Sequence[dict[str, float]],
    colours: Mapping[str, str] = PART_COLOURS,
) -> None:
    """Draws two stacked bars for each name, published (hatched) and ours, and writes each total above its bar.

    published, ours: heights by part, one dictionary for each name. colours: colours by part, in stacking order.
    """
    places = np.arange(len(names))
    for offset, bars, hatch in ((-0.2, published, "///"), (0.2, ours, "")):
        bottom = np.zeros(len(names))
        for part, colour in colours.items():
            heights = np.array([bar.get(part, 0.0) for bar in bars])
            label = part if not hatch else None
            axes.bar(places + offset, heights, 0.36, bottom, color=colour, hatch=hatch, ec="white", lw=0.6, label=label)
            bottom += heights
        for place, top in zip(places + offset, bottom, strict=True):
            if top:
                axes.text(place, top + 0.01, f"{top:.2f}", ha="center", va="bottom", fontsize=8)
    axes.set_xticks(places, names)


def accuracies(report: dict[str, Any]) -> Figure:
    """Draws the held-out accuracies of WrapNet and its baselines, the rows of Table 2.1."""
    shown = report["trained_layer"]["accuracies"]
    figure, axes = plt.subplots(figsize=(8, 2.2), layout="constrained")
    names = ["float", "quantized, exact accumulator", "quantized, plain wrap", "wrapnet"]
    values = [100 * shown[name]["accuracy"] for name in names]
    bars = axes.barh(names, values, color=["#9a9a9a", "#9a9a9a", "#c0504d", "#3b6fb6"], height=0.62)
    axes.bar_label(bars, fmt="%.1f%%", padding=4)
    axes.invert_yaxis()
    axes.set_xlim(0, 112)
    axes.set_xlabel("held-out digits recognised, %")
    return figure


def cyclic_activation(_report: dict[str, Any]) -> Figure:
    """Plots an 8-bit wrapped sum and its cyclic activations of slopes 2 and 4 (Figure 2.1a at 8 bits)."""
    figure, axes = plt.subplots(figsize=(8, 2.8), layout="constrained")
    sums = torch.arange(-300, 301)
    wrapped = wrap(sums, 8).double()
    wrapped[1:][wrapped.diff() < 0] = np.nan  # breaks the line where the accumulator overflows
    axes.plot(sums, wrapped, color="#9a9a9a", linewidth=1, label="8-bit accumulator")
    for slope, colour in ((2, "#3b6fb6"), (4, "#e08a2e")):
        axes.plot(sums, cyclic(sums, 8, slope), color=colour, linewidth=1.8, label=f"cyclic activation, k = {slope}")
    axes.set_xlabel("true sum")
    axes.set_ylabel("result")
    axes.axhline(0, color=INK, linewidth=0.5)
    axes.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.2))
    return figure


FIGURES: dict[str, tuple[Callable[[dict[str, Any]], Figure], str]] = {
    "area-by-part": (area_by_part, "Cell area by part, published and measured, relative to 8x8x32."),
    "accuracies": (accuracies, "Accuracy on held-out digits, with 3-bit activations, binary weights and 8-bit sums."),
    "cyclic-activation": (cyclic_activation, "A wrapped sum jumps; its cyclic activation does not."),
}
"""The report's figures and captions, by name."""


def draw_figures(report: dict[str, Any], folder: Path) -> dict[str, str]:
    """Writes every figure to `folder` as PNG and SVG; returns the SVG sources by name."""
    return {name: write_figure(partial(draw, report), folder / name) for name, (draw, _) in FIGURES.items()}
