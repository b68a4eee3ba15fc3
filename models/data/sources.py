"""What every image data set looks like to a training: in memory, or read from disk as it goes."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Generator, Tensor

from models.data.transforms import random_flip, random_shift

LARGEST_SHIFT = 16
"""Largest shift of an augmentation, in pixels."""


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training images.

    shift: moves each image by up to this many pixels in both directions, 0 to 16. flip: mirrors half of the images
    left to right.

    Raises ValueError for another shift.
    """

    shift: int = 0
    flip: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.shift <= LARGEST_SHIFT:
            raise ValueError(f"shift is {self.shift}; allowed are 0 to {LARGEST_SHIFT} pixels")


class ImageSource(Protocol):
    """A data set that a training draws its images from.

    Images come out normalised, as float32 (batch, channels, height, width), and labels as int64 (batch,), both on the
    CPU. Numbers of images and batches below 1 raise ValueError.
    """

    @property
    def name(self) -> str:
        """Names the data set in reports."""

    @property
    def digest(self) -> str:
        """Tells data sets apart: 16 hexadecimal digits that depend on all images, labels and classes."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, by label."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images."""

    @property
    def train_count(self) -> int:
        """Number of training images."""

    @property
    def test_count(self) -> int:
        """Number of held-out images."""

    def training_batches(
        self, batch_size: int, augmentation: Augmentation, key: str
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Training images, shuffled and augmented, and their labels; a function of `key` alone.

        key: any text, such as seed, stage and epoch. A last batch of a single image is left out: batch norm needs two.
        """

    def held_out_batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All held-out images and their labels, in order, not augmented."""

    def calibration_batch(self, count: int) -> tuple[Tensor, Tensor]:
        """`count` training images or somewhat more, spread evenly, not augmented, and their labels; or all."""


@dataclass(frozen=True)
class Split:
    """Images (count, channels, height, width) as uint8, and their labels (count,) as int64."""

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        if self.images.dim() != 4 or self.images.dtype != torch.uint8:
            raise ValueError(
                f"images are {self.images.dtype} of shape {tuple(self.images.shape)}; 4 axes of uint8 needed"
            )
        if len(self.images) != len(self.labels) or len(self.images) == 0:
            raise ValueError(f"there are {len(self.images)} images and {len(self.labels)} labels")


@dataclass(frozen=True)
class ImageData:
    """A data set held in memory, an ImageSource.

    name: for reports. train, test: its images. classes: names, by label. mean, std: by channel, of the training images'
    pixel values, for `normalise`.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @cached_property
    def digest(self) -> str:
        """Depends on all pixels, labels and classes; see ImageSource."""
        parts: list[bytes | memoryview] = [str((self.classes, self.mean, self.std)).encode()]
        for split in (self.train, self.test):
            for tensor in (split.images, split.labels):
                parts += [str(tuple(tensor.shape)).encode(), tensor.contiguous().numpy(force=True).data]
        return digest_of(parts)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images."""
        _, channels, height, width = self.train.images.shape
        return channels, height, width

    @property
    def train_count(self) -> int:
        """Number of training images."""
        return len(self.train.labels)

    @property
    def test_count(self) -> int:
        """Number of held-out images."""
        return len(self.test.labels)

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 images as float32 with the training set's mean taken off and divided by its deviation."""
        return normalised(images, self.mean, self.std)

    def training_batches(
        self, batch_size: int, augmentation: Augmentation, key: str
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Training images, shuffled and augmented, and their labels; see ImageSource."""
        generator = generator_of(key)
        for chosen in shuffled_batches(self.train_count, batch_size, generator):
            images = self.train.images[chosen]
            if augmentation.shift:
                images = random_shift(images, augmentation.shift, generator)
            if augmentation.flip:
                images = random_flip(images, generator)
            yield self.normalise(images), self.train.labels[chosen]

    def held_out_batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All held-out images and their labels, in order."""
        check_positive("batch size", batch_size)
        parts = (torch.split(part, batch_size) for part in (self.test.images, self.test.labels))
        for images, labels in zip(*parts, strict=True):
            yield self.normalise(images), labels

    def calibration_batch(self, count: int) -> tuple[Tensor, Tensor]:
        """Training images spread evenly: at least `count` and less than twice as many, or all if there are fewer."""
        check_positive("number of calibration images", count)
        stride = max(1, self.train_count // count)
        return self.normalise(self.train.images[::stride]), self.train.labels[::stride]


def digest_of(parts: Iterable[bytes | memoryview]) -> str:
    """16 hexadecimal digits that depend on all of `parts`."""
    found = hashlib.blake2b(digest_size=8)
    for part in parts:
        found.update(part)
    return found.hexdigest()


def normalised(images: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """uint8 images (batch, channels, height, width) as float32, less the mean and divided by the deviation.

    mean, std: by channel, in pixel values.
    """
    shift, scale = (torch.tensor(values, device=images.device).view(-1, 1, 1) for values in (mean, std))
    return (images.float() - shift) / scale


def generator_of(key: str) -> Generator:
    """A random number generator whose numbers are a function of `key` alone."""
    return torch.Generator().manual_seed(zlib.crc32(key.encode()))


def shuffled_batches(count: int, batch_size: int, generator: Generator) -> list[Tensor]:
    """The indices 0 to count - 1 in random order, in batches (at most batch_size,); no last batch of one of many.

    Raises ValueError for a batch size below 1.
    """
    check_positive("batch size", batch_size)
    batches = torch.split(torch.randperm(count, generator=generator), batch_size)
    return [chosen for chosen in batches if len(chosen) > 1 or count == 1]


def check_positive(name: str, number: int) -> None:
    """Raises ValueError for a number below 1, named `name`."""
    if number < 1:
        raise ValueError(f"{name} is {number}; allowed are 1 and more")
