"""Labelled images as probes take them: normalised as the encoder was trained, plain, or cropped and mirrored."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, Self

import torch
from torch import Tensor

from models.data.fitting import fitted_images
from models.data.images import ImageData, Split
from models.data.sources import normalised
from models.selfsup.views.recipes import ViewRecipe
from models.selfsup.views.views import Views

_PIXELS_AT_ONCE, _PIXELS_IN_CACHE = 1 << 21, 1 << 18  # of a batch of images to embed, on accelerators and on CPUs


class ProbeImages(Protocol):
    """The images of one split, by number, in batches: normalised, float32 (batch, channels, height, width)."""

    @property
    def labels(self) -> Tensor:
        """(images,), int64, on the CPU."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images."""

    def plain(self, chosen: Sequence[Tensor]) -> Iterator[Tensor]:
        """For each batch of numbers, the images with these."""

    def augmented(self, chosen: Sequence[Tensor], seed: int, epoch: int) -> Iterator[Tensor]:
        """The same, randomly cropped and mirrored: each a function of seed, epoch and its number."""

    def on(self, device: torch.device) -> "ProbeImages":
        """The same, held on a device if they are held in memory."""


@dataclass(frozen=True)
class Normalisation:
    """The normalisation of pixel values to inputs of an encoder.

    mean, std: of each channel, as shares of `white`; empty for 0 and 1. white: the pixel value of white.
    """

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    white: int = 255

    def pixels(self, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation of each channel, in pixel values."""
        mean, std = self.mean[:channels] or (0.0,) * channels, self.std[:channels] or (1.0,) * channels
        return tuple(one * self.white for one in mean), tuple(one * self.white for one in std)


@dataclass(frozen=True)
class ProbeData:
    """A data set to probe an encoder with.

    name, digest, classes: see ImageSource. train: images to train on, and to choose settings
    with. test: those that figures are of.
    """

    name: str
    digest: str
    classes: tuple[str, ...]
    train: ProbeImages
    test: ProbeImages

    def on(self, device: torch.device) -> Self:
        """The same, held on a device if they are held in memory."""
        return replace(self, train=self.train.on(device), test=self.test.on(device))

    @property
    def description(self) -> dict[str, object]:
        """The entries of a record about the data, as plain JSON values."""
        return {
            "data": self.name,
            "data_digest": self.digest,
            "classes": len(self.classes),
            "training_images": len(self.train.labels),
            "test_images": len(self.test.labels),
        }


@dataclass(frozen=True)
class ImagesInMemory:
    """A split held in memory.

    recipe: of the encoder's training; probes crop and mirror alike. white: the pixel value of white.
    """

    split: Split
    recipe: ViewRecipe
    white: int = 255

    @cached_property
    def labels(self) -> Tensor:
        return self.split.labels.cpu()

    @property
    def shape(self) -> tuple[int, int, int]:
        _, channels, height, width = self.split.images.shape
        return channels, height, width

    def plain(self, chosen: Sequence[Tensor]) -> Iterator[Tensor]:
        """See ProbeImages."""
        moments = Normalisation(self.recipe.mean, self.recipe.std, self.white).pixels(self.shape[0])
        return (normalised(self._pixels(numbers), *moments) for numbers in chosen)

    def augmented(self, chosen: Sequence[Tensor], seed: int, epoch: int) -> Iterator[Tensor]:
        """See ProbeImages."""
        views = crops_of(self.recipe, seed, self.white)
        return (views(self._pixels(numbers), numbers, epoch)[0] for numbers in chosen)

    def on(self, device: torch.device) -> Self:
        """See ProbeImages."""
        return replace(self, split=self.split.to(device))

    def _pixels(self, chosen: Tensor) -> Tensor:
        return self.split.images[chosen.to(self.split.images.device)]


def crops_of(recipe: ViewRecipe, seed: int, white: int = 255) -> Views:
    """Single views that crop and mirror as a recipe does, and leave colours as they are."""
    return Views(replace(recipe, jittered=0.0, grey=0.0, blurred=0.0), seed, count=1, white=white)


def probe_data(data: ImageData, image_shape: tuple[int, int, int], recipe: ViewRecipe) -> ProbeData:
    """A data set held in memory for an encoder of images of a shape (channels, height, width).

    Other images are scaled to it. recipe: of the encoder's training. Raises ValueError if channels do not fit.
    """
    splits = [
        ImagesInMemory(replace(split, images=fitted_images(split.images, image_shape, data.name)), recipe, data.white)
        for split in (data.train, data.test)
    ]
    return ProbeData(data.name, data.digest, data.classes, *splits)


def images_at_once(shape: tuple[int, int, int], device: torch.device) -> int:
    """The number of images (channels, height, width) to embed at a time: on a CPU, as many as its cache holds."""
    return max(1, (_PIXELS_IN_CACHE if device.type == "cpu" else _PIXELS_AT_ONCE) // math.prod(shape))
