"""Pictures in rows and columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray
from torch import Tensor

from models.data.images import ImageData
from models.selfsup.training_data import TrainingData

RIGHT, WRONG = "#2f7d4f", "#b8322a"
"""Colours of right and of wrong answers."""


def draw_tiles(figure: Figure | SubFigure, rows: Sequence[Tensor]) -> NDArray[Any]:
    """Draws images (columns, channels, height, width), 0 to 1, a row each; returns the axes (rows, columns)."""
    panels: NDArray[Any] = figure.subplots(len(rows), len(rows[0]), squeeze=False)
    for line, images in zip(panels, rows, strict=True):
        for axes, image in zip(line, images, strict=True):
            draw_tile(axes, image)
    return panels


def draw_tile(axes: Axes, image: Tensor) -> None:
    """Draws an image (channels, height, width), 0 to 1, without ticks and frame."""
    pixels = image.clamp(0, 1).expand(3, -1, -1).permute(1, 2, 0).numpy(force=True)
    axes.imshow(pixels, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def name_row(axes: Axes, name: str) -> None:
    """Writes a name to the left of a row's first picture."""
    axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)


def images_of(data: TrainingData) -> ImageData:
    """The images of a figure, which are in memory."""
    assert data.labelled is not None  # CIFAR-10 or digits
    return data.labelled


def shown_images(data: ImageData, numbers: Tensor, split: str = "train") -> Tensor:
    """Images with these numbers, 0 to 1: (images, channels, height, width)."""
    images: Tensor = getattr(data, split).images[numbers]
    return images.float() / data.white


def evenly(count: int, wanted: int) -> NDArray[np.int64]:
    """`wanted` of the numbers 0 to count - 1, evenly spaced."""
    return np.linspace(0, count - 1, wanted).round().astype(np.int64)
