"""Bars for accuracies on the same episodes, evaluated in two ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from matplotlib.axes import Axes
from torch import Tensor

from models.fewshot.statistics import Estimate, estimate, paired_difference
from reports.fewshot.planes import COLOURS

_WIDTH = 0.38  # of a bar; pairs are 1 apart
_LABEL, _DIFFERENCE = 2, 14  # points above a bar
_MARGIN = 0.25  # above the highest pair, as a share of its height


@dataclass(frozen=True)
class BarPair:
    """Accuracies in percent, and the paired difference of the second to the first."""

    first: Estimate
    second: Estimate
    difference: Estimate

    @classmethod
    def of(cls, first: Tensor, second: Tensor) -> Self:
        """A pair from accuracies of the same episodes, (n,), between 0 and 1."""
        return cls(estimate(100 * first), estimate(100 * second), paired_difference(100 * second, 100 * first))


def draw_pairs(axes: Axes, pairs: Mapping[str, BarPair], ways: tuple[str, str], least: float) -> None:
    """Two bars with 1 SE for each pair, means above the bars, and the difference above both.

    pairs: by their labels on the axis. ways: labels of first and second bars in a legend. least: percent at which the
    bars begin.
    """
    for side, way, colour in zip((-1, 1), ways, COLOURS, strict=False):
        bars = [pair.first if side < 0 else pair.second for pair in pairs.values()]
        places = [place + side * _WIDTH / 2 for place in range(len(bars))]
        axes.bar(places, [bar.mean - least for bar in bars], _WIDTH, bottom=least, color=colour, label=way)
        axes.errorbar(
            places,
            [bar.mean for bar in bars],
            [bar.standard_error for bar in bars],
            fmt="none",
            ecolor="black",
            elinewidth=1,
            capsize=2,
        )
        for place, bar in zip(places, bars, strict=True):
            _above(axes, place, bar.mean + bar.standard_error, _LABEL, f"{bar.mean:.1f}")
    tops = [max(bar.mean + bar.standard_error for bar in (pair.first, pair.second)) for pair in pairs.values()]
    for place, (pair, top) in enumerate(zip(pairs.values(), tops, strict=True)):
        difference = f"{pair.difference.mean:+.1f} ± {pair.difference.standard_error:.1f}"
        _above(axes, place, top, _DIFFERENCE, difference, weight="bold")
    axes.set(xticks=range(len(pairs)), xlim=(-0.6, len(pairs) - 0.4), ylabel="accuracy (%)")
    axes.set_xticklabels(list(pairs), fontsize=8)
    axes.set_ylim(min(least, *tops), max(tops) + _MARGIN * max(1.0, max(tops) - least))


def _above(axes: Axes, place: float, height: float, points: int, text: str, weight: str = "normal") -> None:
    axes.annotate(
        text,
        (place, height),
        (0, points),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8,
        fontweight=weight,
    )
