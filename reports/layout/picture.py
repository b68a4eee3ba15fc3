"""Pictures of layouts, each alone and all to one scale, with coloured parts, wires and a scale bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from hw.mac.parts import PARTS
from reports.layout.candidate import Candidate
from reports.layout.drawing import METAL_COLOURS, Drawing, draw_layout
from reports.mac.figures import PART_COLOURS
from reports.page.figures import INK, write_picture

OVERVIEW = "layouts.png"
"""File name of the picture of all layouts, beside layout.json."""

PICTURE = "layout.png"
"""File name of the picture of one layout, in its design's folder."""

_WIDTH = 1400  # pixels: width of a single layout, limit of a row in the overview
_DPI = 160
_EDGE, _GAP = 12.0, 50.0  # pixels left of layouts and between them
_TITLE, _LEGEND = 56.0, 150.0  # pixels above and below
_WIDEST_ROW = 2.8  # a row of the overview holds 2.8 times the width of the widest layout
_BARS = (5, 10, 20, 50, 100, 200, 500, 1000)  # um: lengths of scale bars


@dataclass(frozen=True)
class _Placed:
    """A layout in the overview. x, y: its upper left corner, pixels."""

    candidate: Candidate
    drawing: Drawing
    x: float
    y: float


def write_layout_pictures(candidates: Sequence[Candidate], shapes: Path, out: Path) -> None:
    """Draws each layout as layout.png in its design's folder, and all of them to one scale as `out`/layouts.png.

    Also writes NAME.oas and NAME.lyp, the layout and its colours for KLayout, beside each layout.png.
    shapes: LEF file of the cells.
    """
    drawings = []
    for candidate in candidates:
        parts = {instance.name: instance.part for instance in candidate.routed.circuit.instances}
        drawing = draw_layout(candidate.routed.file("def"), shapes, parts)
        folder = out / candidate.design.name
        drawing.save(folder / candidate.design.name)
        write_picture(partial(_one, candidate, drawing), folder / PICTURE)
        drawings.append(drawing)
    write_picture(partial(_all, candidates, drawings), out / OVERVIEW)


def _one(candidate: Candidate, drawing: Drawing) -> Figure:
    """Draws one layout across the whole width; the legend gives each part's share of the cell area."""
    scale = _WIDTH / drawing.box.width()
    height = drawing.box.height() * scale
    figure, place = _canvas(_WIDTH, height + _TITLE + _LEGEND)
    _paste(place, drawing, scale, 0, _TITLE)
    title = f"{candidate.design.name}: cells {candidate.cell_area:,.0f} um2, rows {candidate.routed.core_area:,.0f} um2"
    figure.text(0.5, 1 - _TITLE / 2 / figure.bbox.height, title, ha="center", va="center", fontsize=12)
    areas = {part: area for part, area in candidate.area_by_part.items() if area}
    labels = {part: f"{part} {area / candidate.cell_area:.0%}" for part, area in areas.items()}
    _legend(figure, labels, drawing.metals, scale)
    return figure


def _all(candidates: Sequence[Candidate], drawings: Sequence[Drawing]) -> Figure:
    """Draws all layouts to one scale."""
    widest = max(drawing.box.width() for drawing in drawings)
    total = sum(drawing.box.width() for drawing in drawings)
    scale = (_WIDTH - 2 * _EDGE - 2 * _GAP) / min(_WIDEST_ROW * widest, total)
    placed = _shelves(candidates, drawings, scale)
    bottom = max(one.y + one.drawing.box.height() * scale for one in placed)
    width = _EDGE + max(one.x + one.drawing.box.width() * scale for one in placed)
    figure, place = _canvas(max(width, _WIDTH / 2), bottom + _LEGEND)
    for one in placed:
        axes = _paste(place, one.drawing, scale, one.x, one.y)
        axes.set_title(f"{one.candidate.design.name}: {one.candidate.cell_area:,.0f} um2", loc="left", fontsize=9)
    parts = [part for part in PARTS if any(candidate.area_by_part[part] for candidate in candidates)]
    metals = sorted({level for drawing in drawings for level in drawing.metals})
    _legend(figure, {part: part for part in parts}, metals, scale)
    return figure


def _shelves(candidates: Sequence[Candidate], drawings: Sequence[Drawing], scale: float) -> list[_Placed]:
    """Places layouts from left to right, and starts a new row below when one no longer fits."""
    placed: list[_Placed] = []
    x, y, highest = _EDGE, _TITLE, 0.0
    for candidate, drawing in zip(candidates, drawings, strict=True):
        width, height = drawing.box.width() * scale, drawing.box.height() * scale
        if x > _EDGE and x + width > _WIDTH:
            x, y, highest = _EDGE, y + highest + _TITLE, 0.0
        placed.append(_Placed(candidate, drawing, x, y))
        x, highest = x + width + _GAP, max(highest, height)
    return placed


def _canvas(width: float, height: float) -> tuple[Figure, Callable[[float, float, float, float], Axes]]:
    """Returns a figure of the given size in pixels, and a function that adds axes at (left, top, width, height)."""
    figure = plt.figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)

    def place(left: float, top: float, wide: float, high: float) -> Axes:
        axes = figure.add_axes((left / width, 1 - (top + high) / height, wide / width, high / height))
        axes.set_axis_off()
        return axes

    return figure, place


def _paste(
    place: Callable[[float, float, float, float], Axes], drawing: Drawing, scale: float, left: float, top: float
) -> Axes:
    """Draws a layout at a position, one pixel of its picture per pixel of the figure."""
    picture = drawing.picture(scale)
    axes = place(left, top, *picture.size)
    axes.imshow(np.asarray(picture), interpolation="none", aspect="auto")
    return axes


def _legend(figure: Figure, parts: dict[str, str], metals: Sequence[int], scale: float) -> None:
    """Adds two lines of legend, for parts and metal layers, and below them a scale bar of a round length."""
    lines: list[list[Artist]] = [
        [Patch(color=PART_COLOURS[part], label=label) for part, label in parts.items()],
        [Line2D([], [], color=METAL_COLOURS[level - 1], linewidth=2, label=f"metal {level}") for level in metals],
    ]
    height, width = figure.bbox.height, figure.bbox.width
    for line, handles in enumerate(lines):
        figure.legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, (_LEGEND - 8 - 38 * line) / height),
            ncols=len(handles),
            frameon=False,
            fontsize=9,
            borderpad=0,
            columnspacing=1.4,
            handlelength=1.4,
        )
    length = max(bar for bar in _BARS if bar * scale <= max(width / 5, _BARS[0] * scale))
    middle, y = 0.5, 40 / height
    half = length * scale / width / 2
    figure.add_artist(Line2D([middle - half, middle + half], [y, y], color=INK, linewidth=3, solid_capstyle="butt"))
    figure.text(middle, y - 6 / height, f"{length} um", ha="center", va="top", fontsize=9)
