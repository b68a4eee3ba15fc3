"""Labelled images held in memory as bytes, on the CPU or on the training device."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from models.checks import check_positive
from models.data.sources import (
    digest_of,
    generator_of,
    normalised,
    part_of_training,
    shuffled_batches,
)
from models.data.transforms import Augmentation

_SHARE_OF_DEVICE = 0.25  # of its free memory, which data may take


def belong_on(device: torch.device, *images: Tensor) -> bool:
    """Whether a device is a GPU and so large that uint8 images take a quarter of its free memory at most."""
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return sum(one.numel() for one in images) <= _SHARE_OF_DEVICE * free


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

    def to(self, device: torch.device) -> Self:
        """The same on `device`."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))


@dataclass(frozen=True)
class ImageData:
    """A data set held in memory, an ImageSource.

    name: for reports. train, test: its images. classes: names, by label. mean, std: per channel, of the training
    images' pixel values. white: largest pixel value that images can have.

    Raises ValueError, naming the channel, if a standard deviation is not above 0.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    white: int = 255

    def __post_init__(self) -> None:
        for channel, (mean, deviation) in enumerate(zip(self.mean, self.std, strict=True), 1):
            if not deviation > 0:
                raise ValueError(
                    f"{self.name} cannot be normalised: channel {channel} of {len(self.std)} is {mean:g} in "
                    "every pixel of the training images"
                )

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

    def thinned(self, images: int) -> "ImageData":
        """The same with `images` of its training images, evenly spaced. Raises ValueError if it has fewer."""
        chosen = part_of_training(self, images)
        return replace(self, train=Split(self.train.images[chosen], self.train.labels[chosen]))

    def on(self, device: torch.device) -> "ImageData":
        """The same with its images on `device`, as bytes, if they fit there; else itself. See ImageSource."""
        if not belong_on(device, *(split.images for split in (self.train, self.test))):
            return self
        moved = replace(self, train=self.train.to(device), test=self.test.to(device))
        moved.__dict__["digest"] = self.digest
        return moved

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 images as float32, minus the training set's mean, divided by its standard deviation."""
        return normalised(images, self.mean, self.std)

    def training_batches(
        self, batch_size: int, augmentation: Augmentation, key: str, first: int = 0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Training images, shuffled and augmented, and their labels; see ImageSource."""
        generator = generator_of(key)
        chosen = shuffled_batches(self.train_count, batch_size, generator)
        changes = [augmentation.draw(len(batch), generator) for batch in chosen]
        for indices, offsets, mirrored in self._on_device(chosen, changes, first):
            images = augmentation.apply(self.train.images[indices], offsets, mirrored)
            yield self.normalise(images), self.train.labels[indices]

    def held_out_batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All held-out images and their labels, in order."""
        check_positive("batch size", batch_size)
        parts = (torch.split(part, batch_size) for part in (self.test.images, self.test.labels))
        for images, labels in zip(*parts, strict=True):
            yield self.normalise(images), labels

    def calibration_batch(self, count: int) -> tuple[Tensor, Tensor]:
        """Evenly spaced training images: at least `count` and less than twice as many, or all if there are fewer."""
        check_positive("number of calibration images", count)
        stride = max(1, self.train_count // count)
        return self.normalise(self.train.images[::stride]), self.train.labels[::stride]

    def _on_device(
        self, chosen: list[Tensor], changes: list[tuple[Tensor, Tensor]], first: int
    ) -> Iterator[tuple[Tensor, ...]]:
        """Indices, offsets and mirrored flags of each batch from `first` on, moved to the images' device at once."""
        sizes = [len(batch) for batch in chosen[first:]]
        offsets, mirrored = ([change[part] for change in changes[first:]] for part in (0, 1))
        columns = [column for column in (chosen[first:], offsets, mirrored) if column]
        moved = [torch.cat(column).to(self.train.images.device, non_blocking=True) for column in columns]
        return zip(*(torch.split(column, sizes) for column in moved), strict=True)
