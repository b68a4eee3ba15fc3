"""The second plot of Figure 4.3: accuracy against mIoU of one network with each token mixer, trained alike."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from reports.attention.cells import ACCURACY, MEAN_IOU, MIXERS
from reports.attention.kept_results import Results
from reports.attention.networks.names import record_name

_OURS = "LSA"
_COLOURS = {True: "#b8322a", False: "#30343b"}

Point = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Accuracy and mIoU, each a mean with its standard error, in percent."""


def mixer_points(results: Results) -> dict[str, Point]:
    """The mixers that both figures were measured of, by title."""
    figures = results.get("figures", {})
    found = {}
    for title, network in MIXERS.items():
        records = (figures.get(record_name(network, one.task), {}).get(one.figure) for one in (ACCURACY, MEAN_IOU))
        accuracy, overlap = records
        if accuracy is not None and overlap is not None:
            found[title] = (accuracy, overlap)
    return found


def draw_mixers(axes: Axes, points: Mapping[str, Point], about: str) -> None:
    """A mark for each mixer with bars of one standard error. about: data and training, below the title."""
    for title, (accuracy, overlap) in points.items():
        colour = _COLOURS[title == _OURS]
        place = accuracy["mean"], overlap["mean"]
        across, along = (one["standard_error"] or 0 for one in (accuracy, overlap))
        axes.errorbar(*place, xerr=across, yerr=along, fmt="o", markersize=5, linewidth=0.8, color=colour)
        axes.annotate(title, place, (4, 4), textcoords="offset points", fontsize=8, color=colour)
    axes.set(xlabel="top-1 accuracy, %", ylabel="mIoU of scenes, %")
    axes.set_title(f"each mixer in the third stage of s12\n{about}", fontsize=10)
    axes.margins(0.2)
