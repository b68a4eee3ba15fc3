"""The dissertation's Figures 4.1 to 4.3 by number."""

from collections.abc import Callable

from matplotlib.figure import Figure

from reports.attention.runs_figure import figure_4_1
from reports.attention.stages_figure import figure_4_2
from reports.attention.trade_off_figure import figure_4_3
from reports.tables.registry import FigureSource

TRAINED_FIGURES: dict[str, Callable[[FigureSource], Figure]] = {
    "4.1": figure_4_1,
    "4.2": figure_4_2,
    "4.3": figure_4_3,
}
"""The figures by number."""
