"""Options of the data of chapter 4; importing them is quick."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

DatasetName = Literal["digits", "cifar10", "imagenet", "shapes", "ade20k", "coco"]


@dataclass(frozen=True, kw_only=True)
class LsaSource:
    """The data to train on and to hold out."""

    dataset: DatasetName | None = None
    """The data set. classify: digits (of scikit-learn), cifar10, or imagenet, which is any folder with train/CLASS and
    val/CLASS pictures. segment: shapes (procedural scenes) or ade20k. detect: shapes or coco. If left out, digits or
    shapes."""
    data: Annotated[Path | None, arg(metavar="PATH")] = None
    """Path of the data set; digits and shapes need none."""
    images: int | None = None
    """Number of training images to use, evenly spaced; all if left out."""
    size: int | None = None
    """Height and width of images, in pixels; their own, or 224 for imagenet, if left out."""
    workers: int = 4
    """Number of processes that decode pictures on disk; 0 decodes in the training process."""
