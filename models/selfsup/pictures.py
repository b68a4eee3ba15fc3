"""The images that a training draws its tasks from: held in memory, or read from disk task by task."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from torch import Tensor

from models.data.decoding import PictureFiles
from models.selfsup.tasks import Tasks


class Pictures(Protocol):
    """Images without labels, by number."""

    @property
    def count(self) -> int:
        """The number of images."""

    def batches(self, chosen: Sequence[Tensor], tasks: Tasks, epoch: int) -> Iterator[Tensor]:
        """For each batch of numbers, the `images` that `Tasks.task` takes."""


@dataclass(frozen=True)
class HeldPictures:
    """Images in memory, on any device: (images, channels, height, width), uint8."""

    images: Tensor

    @property
    def count(self) -> int:
        """See Pictures."""
        return len(self.images)

    def batches(self, chosen: Sequence[Tensor], tasks: Tasks, epoch: int) -> Iterator[Tensor]:
        """See Pictures."""
        for numbers in chosen:
            yield self.images.index_select(0, numbers.to(self.images.device, non_blocking=True))


@dataclass(frozen=True)
class StoredPictures:
    """Pictures of any size on disk, which are decoded and cropped where the files are read."""

    files: PictureFiles

    @property
    def count(self) -> int:
        """See Pictures."""
        return len(self.files.paths)

    def batches(self, chosen: Sequence[Tensor], tasks: Tasks, epoch: int) -> Iterator[Tensor]:
        """See Pictures. Raises ValueError, naming the picture, if one is damaged."""
        return self.files.batches(chosen, partial(tasks.all_views.crops, epoch=epoch))
