"""The dissertation's Figures 2.1a and 2.3: cyclic activations after a 4-bit accumulator."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from models.arithmetic import differentiable
from reports.page.figures import INK

_BITS = 4
_COLOURS = ("#3b6fb6", "#e08a2e", "#1d1d1d")


def figure_2_1() -> Figure:
    """Figure 2.1a: the cyclic activation with slopes 1 and 4, and the modulo operator."""
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    sums = _sums()
    axes.plot(sums, _without_jumps(differentiable.wrap(sums, _BITS)), color="#9a9a9a", linewidth=1, label="modulo")
    for slope, colour in ((1, _COLOURS[0]), (4, _COLOURS[1])):
        values = differentiable.cyclic(sums, _BITS, slope)
        axes.plot(sums, values, color=colour, linewidth=1.8, label=f"cyclic, k = {slope}")
    _dress(axes)
    return figure


def figure_2_3() -> Figure:
    """Figure 2.3: the cyclic functions of Table 2.9, with slope 2, as we read their descriptions in the text."""
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    sums = _sums()
    # The lines overlap in part, so each is thinner than the one below it.
    for label, values, colour, width in (
        ("proposed, k = 2", differentiable.cyclic(sums, _BITS, 2), _COLOURS[0], 6.0),
        ("ReLU-like, k = 2", differentiable.relu_like(sums, _BITS, 2), _COLOURS[1], 3.0),
        ("absolute", differentiable.absolute(sums, _BITS), _COLOURS[2], 1.2),
    ):
        axes.plot(sums, values, color=colour, linewidth=width, label=label)
    _dress(axes)
    return figure


FIGURES: dict[str, Callable[[], Figure]] = {"2.1": figure_2_1, "2.3": figure_2_3}
"""The figures by number."""


def _sums() -> Tensor:
    """Two and a half periods in fine steps that hit every fold."""
    return torch.arange(-20 * 60, 20 * 60 + 1).double() / 60


def _without_jumps(values: Tensor) -> Tensor:
    """The values with a gap at each jump, so that no line is drawn across it."""
    values = values.clone()
    values[1:][values.diff() < 0] = torch.nan
    return values


def _dress(axes: Axes) -> None:
    axes.set_xlabel("sum")
    axes.set_ylabel("result")
    axes.axhline(0, color=INK, linewidth=0.5)
    axes.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.17))
