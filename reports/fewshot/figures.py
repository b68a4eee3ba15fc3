"""The dissertation's Figure 5.1: decision boundaries of one-shot learning, between wide and between narrow classes."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from models.fewshot.laws import UniformEllipsoid
from models.fewshot.theorem import OneShotError, OneShotTrial, one_shot_draws, one_shot_error
from reports.page.figures import INK

_PANELS = {"a) wide and close": 1.2, "b) further apart": 0.6, "c) narrow and far apart": 0.2}
"""Variance ratios e of Theorem 1. In all three panels the classes are linearly separable."""

_LAW = UniformEllipsoid(stretch=2.5)
_TRIALS = 1_000_000
_SHOWN_POINTS = 250  # of a class
_SHOWN_BOUNDARIES = 8
_SEED = 0
_COLOURS = ("#3b6fb6", "#e08a2e")
_HALF_WIDTH, _HALF_HEIGHT = 1.1, 1.3  # of a panel, in units of the distance between the means


def figure_5_1() -> Figure:
    """Figure 5.1: one-shot boundaries, each from a point of either class, and the share of points on the wrong side.

    Classes are uniform in ellipses; lengths are in units of the distance between the means. The share is measured with
    a million independent draws of both shots and a test point, seed 0.
    """
    figure, panels = plt.subplots(1, len(_PANELS), figsize=(9, 4.4), layout="constrained")
    for axes, (title, ratio) in zip(panels, _PANELS.items(), strict=True):
        trial = OneShotTrial(law=_LAW, ratio=ratio, trials=_TRIALS)
        _draw_classes(axes, trial)
        _draw_boundaries(axes, trial)
        axes.set_title(f"{title}, e = {ratio:g}", fontsize=10)
        axes.set_xlabel(_share(one_shot_error(trial, _SEED)))
        _frame(axes)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure


FIGURES: dict[str, Callable[[], Figure]] = {"5.1": figure_5_1}
"""The figures by number."""


def boundary(x: Tensor, y: Tensor, reach: float) -> Tensor:
    """Both ends of the boundary of the maximum-margin classifier of two points of the plane: (2 ends, 2).

    It is their perpendicular bisector, here from `reach` on one side of their middle to `reach` on the other.
    """
    along = torch.nn.functional.normalize((y - x).flip(0) * torch.tensor([-1.0, 1.0]).to(x), dim=0)
    return (x + y) / 2 + reach * torch.stack([-along, along])


def _draws(trial: OneShotTrial, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Points of both classes, (count, 2) each, around means that lie at -1/2 and 1/2 on the first axis."""
    x, _, y = one_shot_draws(trial, count, torch.Generator().manual_seed(seed))
    middle = torch.tensor([0.5, 0.0], dtype=x.dtype)
    return x / trial.distance - middle, y / trial.distance - middle


def _draw_classes(axes: Axes, trial: OneShotTrial) -> None:
    for number, (points, colour) in enumerate(zip(_draws(trial, _SHOWN_POINTS, _SEED), _COLOURS, strict=True), 1):
        axes.scatter(points[:, 0], points[:, 1], s=7, color=colour, alpha=0.45, linewidths=0, label=f"class {number}")


def _draw_boundaries(axes: Axes, trial: OneShotTrial) -> None:
    pairs = _draws(trial, _SHOWN_BOUNDARIES, _SEED + 1)
    for points, colour in zip(pairs, _COLOURS, strict=True):
        label = "one shot of each class" if colour == _COLOURS[0] else None
        axes.scatter(
            points[:, 0], points[:, 1], s=30, color=colour, edgecolors=INK, linewidths=0.9, zorder=3, label=label
        )
    for number, (x, y) in enumerate(zip(*pairs, strict=True)):
        label = "boundary of two shots" if number == 0 else None
        ends = boundary(x, y, 2 * _HALF_HEIGHT)
        axes.plot(ends[:, 0], ends[:, 1], color=INK, linewidth=0.9, label=label)


def _share(found: OneShotError) -> str:
    trials = f"{found.trial.trials:,}"
    if not found.error:
        return f"none of {trials} points misclassified"
    return f"{100 * found.error:.2f}% misclassified (1 SE {100 * found.standard_error:.2f})"


def _frame(axes: Axes) -> None:
    axes.set(xlim=(-_HALF_WIDTH, _HALF_WIDTH), ylim=(-_HALF_HEIGHT, _HALF_HEIGHT), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
