"""Data sets with fewer and smaller images, for networks that train in minutes."""

from dataclasses import replace

import numpy as np
import torch

from models.checks import check_positive
from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.domains import fitted


def reduced(data: FewShotData, images: int | None, side: int | None) -> FewShotData:
    """The first images of each class, scaled to a square; the name says so where it changes anything.

    images: of a class at most; None for all. side: of the square in pixels, larger images are scaled down to it; None
    for their own size.
    """
    if images is not None and any(max(classes.counts) > images for classes in data.splits.values()):
        data = with_images(data, images, f"{data.name}, {images} images a class")
    channels, height, width = data.shape
    if side is not None and max(height, width) > side:
        data = fitted(data, (channels, side, side))
        data = FewShotData(f"{data.name}, {side} x {side}", data.splits)
    return data


def with_images(data: FewShotData, images: int, name: str | None = None) -> FewShotData:
    """A data set of the first images of each class. images: of a class at most. name: of the result."""
    check_positive("images of a class", images)
    return FewShotData(name or data.name, {split: _first(one, images) for split, one in data.splits.items()})


def _first(classes: ClassImages, images: int) -> ClassImages:
    place = np.arange(len(classes.images)) - classes.offsets.repeat(classes.counts)
    return with_chosen_images(classes, place < images)


def with_chosen_images(classes: ClassImages, chosen: np.ndarray) -> ClassImages:
    """Some of the images. chosen: (count,), bool. Raises ValueError if a class has none left."""
    labels = np.arange(len(classes.counts)).repeat(classes.counts)
    counts = np.bincount(labels[chosen], minlength=len(classes.counts)).tolist()
    origins = tuple(np.asarray(classes.origins)[chosen].tolist()) if classes.origins else ()
    kept = classes.images[torch.from_numpy(chosen).to(classes.images.device)]
    return replace(classes, images=kept, counts=tuple(counts), origins=origins)
