"""Figure 7.2: classes made by rotation, and where rotation enters the pipeline."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure, SubFigure
from torch import Tensor

from models.data.images import ImageData
from models.selfsup.config import SelfSupConfig
from models.selfsup.settings import Rotation
from models.selfsup.tasks import Tasks
from models.selfsup.turning import TURNS, turned
from reports.selfsup.figures.tiles import RIGHT, WRONG, draw_tiles, images_of, shown_images
from reports.selfsup.figures.trained import SEED, FigureEncoders
from reports.tables.registry import FigureSource

_SEARCHED = 64
_DEGREES = 90


def figure_7_2(source: FigureSource) -> Figure:
    """Figure 7.2: (a) four classes of each image, (b) the views of an image, turned alike and each on its own."""
    study = FigureEncoders.read(source)
    data = images_of(study.data)
    stages = {rotation: _tasks(study, rotation) for rotation in _STAGES}
    numbers = _of_all_turns(stages["task"], data)
    figure = plt.figure(figsize=(13, 4.8), layout="constrained")
    widths = (4.4, 1.6, *(2.6 for _ in stages))
    left, *right = figure.subfigures(1, len(widths), squeeze=False, width_ratios=widths).flat
    _draw_classes(left, shown_images(data, numbers))
    panels = draw_tiles(right[0], list(shown_images(data, numbers)[:, None]))
    right[0].suptitle("(b) images", fontsize=10)
    panels[-1][0].set_xlabel(" ", fontsize=9)
    for part, (rotation, tasks) in zip(right[1:], stages.items(), strict=True):
        task = tasks.task(data.train.images[numbers], numbers, 0)
        _draw_views(part, rotation, task.views, task.turns)
    figure.supxlabel(
        f"Images of {study.about.split(', scale')[0]}. Rotation comes after all other changes of a view; views of one "
        "image that are turned differently would still be one class.",
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


def _draw_classes(part: SubFigure, images: Tensor) -> None:
    rows = [turned(image.expand(TURNS, -1, -1, -1), torch.arange(TURNS)) for image in images]
    panels = draw_tiles(part, rows)
    for number, axes in enumerate(panels.flat, 1):
        axes.set_xlabel(f"class {number}", fontsize=9, labelpad=2)
    for turn, axes in enumerate(panels[0]):
        axes.set_title(f"{_DEGREES * turn}°", fontsize=9)
    part.suptitle("(a) each turn of an image is a class", fontsize=10)


def _draw_views(part: SubFigure, rotation: Rotation, views: Tensor, turns: Tensor) -> None:
    panels = draw_tiles(part, list(views.transpose(0, 1)))
    for line, of_image in zip(panels, turns.T.tolist(), strict=True):
        alike = len(set(of_image)) == 1
        for axes, turn in zip(line, of_image, strict=True):
            shown = "" if rotation == "none" else f"{_DEGREES * turn}°"
            axes.set_xlabel(shown or " ", fontsize=9, labelpad=2, color=RIGHT if alike else WRONG)
    for axes, name in zip(panels[0], ("support", "query"), strict=True):
        axes.set_title(name, fontsize=9)
    part.suptitle(_STAGES[rotation], fontsize=10)
