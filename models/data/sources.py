"""The interface of image data sets, whether they are held in memory or read from disk."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Protocol

import torch
from torch import Generator, Tensor

from models.checks import check_positive
from models.data.transforms import Augmentation


class ImageSource(Protocol):
    """A data set of labelled images, split into training and held-out images.

    Images come out normalised, as float32 (batch, channels, height, width), and labels as int64 (batch,), on the device
    that holds the data set. Numbers of images and batches below 1 raise ValueError.
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
    def mean(self) -> tuple[float, ...]:
        """By channel, what is subtracted from pixel values."""

    @property
    def std(self) -> tuple[float, ...]:
        """By channel, what they are divided by then."""

    @property
    def white(self) -> int:
        """Largest pixel value that images can have."""

    @property
    def train_count(self) -> int:
        """Number of training images."""

    @property
    def test_count(self) -> int:
        """Number of held-out images."""

    def training_batches(
        self, batch_size: int, augmentation: Augmentation, key: str, first: int = 0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Training images, shuffled and augmented, and their labels, from batch `first` on; a function of `key` alone.

        key: any text, such as seed, stage and epoch. A last batch of a single image is left out: batch norm needs two.
        """

    def held_out_batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All held-out images and their labels, in order, not augmented."""

    def calibration_batch(self, count: int) -> tuple[Tensor, Tensor]:
        """At least `count` training images, evenly spaced, not augmented, and their labels; all if there are fewer."""

    def on(self, device: torch.device) -> "ImageSource":
        """The data set with its images on `device`, if it holds them in memory and they fit there; else itself."""


def digest_of(parts: Iterable[bytes | memoryview]) -> str:
    """16 hexadecimal digits that depend on all of `parts`."""
    found = hashlib.blake2b(digest_size=8)
    for part in parts:
        found.update(part)
    return found.hexdigest()


def normalised(images: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """uint8 images (batch, channels, height, width) as float32, minus the mean, divided by the standard deviation.

    mean, std: by channel, in pixel values.
    """
    return (images.float() - _by_channel(mean, images.device)) / _by_channel(std, images.device)


@cache
def _by_channel(values: tuple[float, ...], device: torch.device) -> Tensor:
    """(channels, 1, 1), created once per device: copying numbers to a GPU waits for all its pending work."""
    return torch.tensor(values, device=device).view(-1, 1, 1)


def generator_of(key: str) -> Generator:
    """A random number generator whose numbers are a function of `key` alone."""
    return torch.Generator().manual_seed(zlib.crc32(key.encode()))


def shuffled_batches(count: int, batch_size: int, generator: Generator) -> list[Tensor]:
    """The indices 0 to count - 1 in random order, in batches of at most `batch_size`; drops a last batch of one.

    Raises ValueError for a batch size below 1.
    """
    check_positive("batch size", batch_size)
    batches = torch.split(torch.randperm(count, generator=generator), batch_size)
    return [chosen for chosen in batches if _is_kept(len(chosen), count)]


def batch_sizes(count: int, batch_size: int) -> set[int]:
    """The sizes of the batches that `shuffled_batches` makes."""
    sizes = {min(count, batch_size), count % batch_size} - {0}
    return {size for size in sizes if _is_kept(size, count)}


def _is_kept(size: int, count: int) -> bool:
    return size > 1 or count == 1


def evenly_spaced(count: int, wanted: int) -> Tensor:
    """`wanted` of the numbers 0 to count - 1, evenly spaced, or all if there are fewer."""
    wanted = min(count, wanted)
    return torch.arange(wanted) * count // wanted


def part_of_training(data: ImageSource, images: int) -> Tensor:
    """The numbers of `images` training images, evenly spaced. Raises ValueError if there are fewer."""
    if not 1 <= images <= data.train_count:
        raise ValueError(f"images is {images}; {data.name} has {data.train_count} to train on")
    return evenly_spaced(data.train_count, images)
