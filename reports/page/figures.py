"""Draws figures in one style and writes them as PNG and SVG."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from models.files import write_with

INK = "#30343b"
_STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "wrapmac",
    "svg.fonttype": "path",
}


def write_figure(draw: Callable[[], Figure], path: Path) -> str:
    """Draws a figure in the common style, writes `path`.png and `path`.svg, and returns the SVG element."""
    svg = path.with_name(f"{path.name}.svg")
    with plt.rc_context(_STYLE):
        figure = draw()
        write_with(path.with_name(f"{path.name}.png"), partial(figure.savefig, dpi=160))
        write_with(svg, partial(figure.savefig, metadata={"Date": None}))
        plt.close(figure)
    text = svg.read_text(encoding="utf-8")
    return text[text.index("<svg") :]


def write_picture(draw: Callable[[], Figure], path: Path) -> None:
    """Draws a figure in the common style and writes it to `path` as PNG, at the figure's own resolution."""
    with plt.rc_context(_STYLE):
        figure = draw()
        write_with(path, partial(figure.savefig, dpi="figure"))
        plt.close(figure)
