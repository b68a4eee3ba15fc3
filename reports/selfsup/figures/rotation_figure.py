"""Figure 7.2: classes made by rotation, and where rotation enters the pipeline."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from models.data.images import ImageData
from models.selfsup.config import SelfSupConfig
from models.selfsup.settings import Rotation
from models.selfsup.tasks import Tasks
from models.selfsup.turning import TURNS, turned
from reports.selfsup.figures.tiles import RIGHT, WRONG, draw_tile, images_of, shown_images
from reports.selfsup.figures.trained import SEED, FigureEncoders
from reports.tables.registry import FigureSource

_SEARCHED = 64
_DEGREES = 90
_ROWS, _GAP = TURNS - 1, 0.3

Panels = NDArray[Any]
"""Axes (rows, columns)."""


def figure_7_2(source: FigureSource) -> Figure:
    """Figure 7.2: (a) four classes of each image, (b) the views of an image, turned alike and each on its own."""
    study = FigureEncoders.read(source)
    data = images_of(study.data)
    stages = {rotation: _tasks(study, rotation) for rotation in _STAGES}
    numbers = _of_all_turns(stages["task"], data)
    images = shown_images(data, numbers)
    figure = plt.figure(figsize=(13, 5))
    classes, plain, *parts = _groups(figure, (TURNS, 1, *(2 for _ in stages)))
    _draw_classes(classes, images)
    _draw_group(plain, images[None], "(b) images")
    for axes, (rotation, tasks) in zip(parts, stages.items(), strict=True):
        task = tasks.task(data.train.images[numbers], numbers, 0)
        _draw_views(axes, rotation, task.views, task.turns)
    figure.text(
        0.5,
        0.02,
        f"Images of {study.data.name}. Rotation comes after all other changes of a view; views of one image that are "
        "turned differently would still be one class.",
        ha="center",
        fontsize=9,
    )
    return figure


_STAGES: dict[Rotation, str] = {
    "none": "→  random views",
    "task": "→  turned alike\n(task augmentation)",
    "sample": "or each on its own\n(hurts, Table 7.5)",
}
"""Titles of the stages of views."""


def _tasks(study: FigureEncoders, rotation: Rotation) -> Tasks:
    recipe = SelfSupConfig(rotation=rotation).view_recipe(study.data.view_size)
    return Tasks(recipe=recipe, seed=SEED, batch=2, rotation=rotation, white=study.data.white)


def _of_all_turns(tasks: Tasks, data: ImageData) -> Tensor:
    """An image for each turn but 0, among the first of an epoch."""
    numbers = tasks.images(data.train_count, 0).flatten()[:_SEARCHED]
    turns = tasks.turns(numbers, 0)[0]
    return torch.stack([numbers[turns == turn][0] for turn in range(1, TURNS)])


def _groups(figure: Figure, widths: Sequence[int]) -> list[Panels]:
    """Axes (rows, columns) of groups of columns, with gaps between them. widths: columns of each."""
    ratios = [ratio for width in widths for ratio in (*(1.0 for _ in range(width)), _GAP)][:-1]
    grid = figure.add_gridspec(
        _ROWS, len(ratios), width_ratios=ratios, left=0.01, right=0.99, top=0.83, bottom=0.11, wspace=0.06, hspace=0.28
    )
    found, first = [], 0
    for width in widths:
        places = [[grid[row, first + column] for column in range(width)] for row in range(_ROWS)]
        found.append(np.array([[figure.add_subplot(place) for place in line] for line in places]))
        first += width + 1
    return found


def _draw_group(panels: Panels, views: Tensor, title: str) -> None:
    """Draws views (columns, images, ...), an image in each row, under a title."""
    for line, of_image in zip(panels, views.transpose(0, 1), strict=True):
        for axes, view in zip(line, of_image, strict=True):
            draw_tile(axes, view)
    left, right = (axes.get_position() for axes in (panels[0][0], panels[0][-1]))
    panels[0][0].figure.text((left.x0 + right.x1) / 2, 0.9, title, ha="center", va="bottom", fontsize=10)


def _draw_classes(panels: Panels, images: Tensor) -> None:
    turns = [turned(images, torch.full((len(images),), turn)) for turn in range(TURNS)]
    _draw_group(panels, torch.stack(turns), "(a) each turn of an image\nis a class")
    for number, axes in enumerate(panels.flat, 1):
        axes.set_xlabel(f"class {number}", fontsize=9, labelpad=2)
    for turn, axes in enumerate(panels[0]):
        axes.set_title(f"{_DEGREES * turn}°", fontsize=9)


def _draw_views(panels: Panels, rotation: Rotation, views: Tensor, turns: Tensor) -> None:
    _draw_group(panels, views, _STAGES[rotation])
    for axes, name in zip(panels[0], ("support", "query"), strict=True):
        axes.set_title(name, fontsize=9)
    if rotation == "none":
        return
    for line, of_image in zip(panels, turns.T.tolist(), strict=True):
        colour = RIGHT if len(set(of_image)) == 1 else WRONG
        for axes, turn in zip(line, of_image, strict=True):
            axes.set_xlabel(f"{_DEGREES * turn}°", fontsize=9, labelpad=2, color=colour)
