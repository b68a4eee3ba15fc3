"""Labelled images as probes take them: normalised as the encoder was trained, plain, or cropped and mirrored."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from models.data.images import ImageData, Split
from models.data.sources import generator_of, normalised
from models.data.transforms import Augmentation

_AUGMENTATION = Augmentation(shift=4, flip=True)
_PIXELS_AT_ONCE, _PIXELS_IN_CACHE = 1 << 21, 1 << 18  # of a batch of images to embed, on accelerators and on CPUs


class ProbeImages(Protocol):
    """The images of one split. Both kinds come out normalised, float32 (chosen, channels, height, width)."""

    @property
    def labels(self) -> Tensor:
        """(images,), int64, on the CPU."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images."""

    def plain(self, chosen: Tensor) -> Tensor:
        """The images with these numbers."""

    def augmented(self, chosen: Tensor, key: str) -> Tensor:
        """The same, randomly cropped and mirrored: a function of `key` and the numbers."""


@dataclass(frozen=True)
class ProbeData:
    """A data set to probe an encoder with.

    name, digest, classes: see ImageSource. train: what may be trained and chosen on. test: what figures are of.
    """

    name: str
    digest: str
    classes: tuple[str, ...]
    train: ProbeImages
    test: ProbeImages

    @property
    def description(self) -> dict[str, object]:
        """What a record says about the data, as plain JSON values."""
        return {
            "data": self.name,
            "data_digest": self.digest,
            "classes": len(self.classes),
            "training_images": len(self.train.labels),
            "test_images": len(self.test.labels),
        }


@dataclass(frozen=True)
class ImagesInMemory:
    """A split held in memory. mean, std: per channel, in pixel values, by which the encoder's images are normalised."""

    split: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def labels(self) -> Tensor:
        return self.split.labels.cpu()

    @property
    def shape(self) -> tuple[int, int, int]:
        _, channels, height, width = self.split.images.shape
        return channels, height, width

    def plain(self, chosen: Tensor) -> Tensor:
        return normalised(self._pixels(chosen), self.mean, self.std)

    def augmented(self, chosen: Tensor, key: str) -> Tensor:
        offsets, mirrored = _AUGMENTATION.draw(len(chosen), generator_of(key))
        images = self._pixels(chosen)
        changed = _AUGMENTATION.apply(images, offsets.to(images.device), mirrored.to(images.device))
        return normalised(changed, self.mean, self.std)

    def _pixels(self, chosen: Tensor) -> Tensor:
        return self.split.images[chosen.to(self.split.images.device)]


def probe_data(data: ImageData, mean: tuple[float, ...], std: tuple[float, ...]) -> ProbeData:
    """A data set held in memory, normalised by the mean and deviation that an encoder was trained with."""
    train, test = (ImagesInMemory(split, mean, std) for split in (data.train, data.test))
    return ProbeData(data.name, data.digest, data.classes, train, test)


def images_at_once(shape: tuple[int, int, int], device: torch.device) -> int:
    """How many images of a shape (channels, height, width) to embed at a time: on a CPU, as many as its cache holds."""
    return max(1, (_PIXELS_IN_CACHE if device.type == "cpu" else _PIXELS_AT_ONCE) // math.prod(shape))
