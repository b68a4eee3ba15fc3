"""Pictures to train on without labels: bytes, from which views are made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import torch
from torch import Tensor

from models.data.images import ImageData


class TrainingPictures(Protocol):
    """Pictures without labels. name: for reports. digest: depends on all of them. white: the pixel value of white."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def white(self) -> int: ...

    @property
    def count(self) -> int:
        """How many there are."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of their views."""

    def batches(self, chosen: Sequence[Tensor], epoch: int) -> Iterator[Tensor]:
        """Pictures (images, channels, height, width), uint8, for each batch of their numbers, in an epoch."""


@dataclass(frozen=True)
class PicturesInMemory:
    """The training images of a data set that is held in memory."""

    data: ImageData
    white: int = 255

    @property
    def name(self) -> str:
        return self.data.name

    @property
    def digest(self) -> str:
        return self.data.digest

    @property
    def count(self) -> int:
        return self.data.train_count

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.data.shape

    def batches(self, chosen: Sequence[Tensor], epoch: int) -> Iterator[Tensor]:
        """The pictures, on the device that holds them."""
        images = self.data.train.images
        for numbers in chosen:
            yield images[numbers.to(images.device, non_blocking=True)]

    def on(self, device: torch.device) -> Self:
        """The same with its images on `device`, if they fit there."""
        return replace(self, data=self.data.on(device))
