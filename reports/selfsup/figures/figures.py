"""The dissertation's Figures 7.1 to 7.3 by number."""

from collections.abc import Callable

from matplotlib.figure import Figure

from reports.selfsup.figures.rotation_figure import figure_7_2
from reports.selfsup.figures.task_figure import figure_7_1
from reports.selfsup.figures.turns_figure import figure_7_3
from reports.tables.registry import FigureSource

TRAINED_FIGURES: dict[str, Callable[[FigureSource], Figure]] = {
    "7.1": figure_7_1,
    "7.2": figure_7_2,
    "7.3": figure_7_3,
}
"""The figures by number."""
