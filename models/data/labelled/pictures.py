"""The interface of pictures with a label for each pixel, and data sets of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor
from torch.utils.data import Dataset

from models.data.decoding import check_workers, loaded
from models.data.imagenet import IMAGENET_MEAN, IMAGENET_STD
from models.data.labelled.crops import LabelledCrop
from models.data.sources import digest_of, evenly_spaced, generator_of, normalised, shuffled_batches


class LabelledPictures(Protocol):
    """Pictures by number, with a label for each pixel."""

    def __len__(self) -> int: ...

    def pair(self, index: int) -> tuple[Tensor, Tensor]:
        """Picture (3, height, width), uint8, and labels (height, width), int64: 0 to classes - 1, or 255 to ignore."""

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that tell sets apart."""


@dataclass(frozen=True)
class SegmentationData:
    """Labelled pictures, split into those to train on and those to hold out.

    name: for reports. classes: names, by label. images: training pictures to use, evenly spaced; None for all. workers:
    processes that read pictures; 0 reads in the calling process. size: side of the crops to train on, in pixels.

    Raises ValueError for less than one image, more than there are, and less than 0 workers.
    """

    name: str
    classes: tuple[str, ...]
    train: LabelledPictures
    test: LabelledPictures
    images: int | None = None
    workers: int = 0
    size: int = 128

    def __post_init__(self) -> None:
        check_workers(self.workers)
        if self.images is not None and not 1 <= self.images <= len(self.train):
            raise ValueError(f"images is {self.images}; allowed are 1 to {len(self.train)} of {self.name}")

    @property
    def train_count(self) -> int:
        """Number of training pictures."""
        return self.images or len(self.train)

    @property
    def test_count(self) -> int:
        """Number of held-out pictures."""
        return len(self.test)

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that tell data sets apart."""
        return digest_of([f"{self.classes} {self.train_count} {self.train.digest} {self.test.digest}".encode()])

    def training_batches(
        self, batch_size: int, crop: LabelledCrop, key: str, first: int = 0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Random crops of the training pictures, shuffled, from batch `first` on; a function of `key` alone.

        Images (batch, 3, size, size), normalised with ImageNet's statistics, and labels (batch, size, size). A last
        batch of a single picture is left out.
        """
        used = evenly_spaced(len(self.train), self.train_count)
        batches = shuffled_batches(self.train_count, batch_size, generator_of(key))[first:]
        chosen = [used[batch].tolist() for batch in batches]
        for images, labels in loaded(_Crops(self.train, crop, key), chosen, self.workers):
            yield normalised(images, IMAGENET_MEAN, IMAGENET_STD), labels

    def held_out_batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All held-out pictures in order, one a batch and of its own size, normalised, and their labels."""
        for image, labels in loaded(_Whole(self.test), [[index] for index in range(len(self.test))], self.workers):
            yield normalised(image[None], IMAGENET_MEAN, IMAGENET_STD), labels[None]


@dataclass(frozen=True)
class _Crops(Dataset[tuple[Tensor, Tensor] | ValueError]):
    """Batches of random crops, by a list of numbers."""

    pictures: LabelledPictures
    crop: LabelledCrop
    key: str

    def __getitem__(self, chosen: list[int]) -> tuple[Tensor, Tensor] | ValueError:
        try:
            pairs = [
                self.crop(*self.pictures.pair(index), generator_of(f"{self.key} picture {index}")) for index in chosen
            ]
        except ValueError as error:
            return error
        return torch.stack([image for image, _ in pairs]), torch.stack([labels for _, labels in pairs])


@dataclass(frozen=True)
class _Whole(Dataset[tuple[Tensor, Tensor] | ValueError]):
    """Whole pictures, by a list of one number."""

    pictures: LabelledPictures

    def __getitem__(self, chosen: list[int]) -> tuple[Tensor, Tensor] | ValueError:
        try:
            return self.pictures.pair(chosen[0])
        except ValueError as error:
            return error
