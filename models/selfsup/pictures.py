"""The images that a training draws its tasks from: held in memory, or read from disk task by task."""

from collections.abc import Iterator
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
        """How many there are."""

    def batches(self, tasks: Tasks, epoch: int, first: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """What the tasks of an epoch are made of, from task `first` on: `images` and `numbers` of `Tasks.task`.

        Images come first in both, so that processes can share them. Raises ValueError if there are fewer images than a
        task has.
        """


@dataclass(frozen=True)
class HeldPictures:
    """Images in memory, on any device: (images, channels, height, width), uint8."""

    images: Tensor

    @property
    def count(self) -> int:
        """See Pictures."""
        return len(self.images)

    def batches(self, tasks: Tasks, epoch: int, first: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """See Pictures."""
        for numbers in tasks.images(self.count, epoch)[first:]:
            yield self.images.index_select(0, numbers.to(self.images.device, non_blocking=True)), numbers


@dataclass(frozen=True)
class StoredPictures:
    """Pictures of any size on disk, which are decoded and cropped where the files are read."""

    files: PictureFiles

    @property
    def count(self) -> int:
        """See Pictures."""
        return len(self.files.paths)

    def batches(self, tasks: Tasks, epoch: int, first: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """See Pictures. Raises ValueError, naming the picture, if one is damaged."""
        chosen = list(tasks.images(self.count, epoch)[first:])
        crops = self.files.batches(chosen, partial(tasks.all_views.crops, epoch=epoch))
        return zip(crops, chosen, strict=True)
