"""Pictures with objects to train a detector on, and to measure it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import Dataset

from models.attention.detection.targets import Objects
from models.data.decoding import loaded
from models.data.sources import check_positive, digest_of, generator_of, shuffled_batches

Picture = tuple[Tensor, Objects]
"""Pixels (3, height, width), uint8, and the objects in them."""

ObjectBatch = list[Picture]


class Pictures(Protocol):
    """Pictures by number."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, number: int) -> Picture:
        """A picture. Raises ValueError, naming it, if it is damaged."""

    @property
    def digest(self) -> str:
        """Tells sets of pictures apart."""


@dataclass(frozen=True)
class ObjectSource:
    """A data set of pictures with objects, of any sizes.

    name: for reports. categories: names, by label from 1 on. workers: processes that read pictures; 0 reads them in the
    calling process.
    """

    name: str
    categories: tuple[str, ...]
    train: Pictures
    held_out: Pictures
    workers: int = 4

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that depend on all pictures and categories."""
        return digest_of(str(part).encode() for part in (self.categories, self.train.digest, self.held_out.digest))

    def training_batches(
        self, batch_size: int, key: str, *, flip: bool = True, first: int = 0
    ) -> Iterator[ObjectBatch]:
        """Shuffled training pictures, from batch `first` on; a function of `key` alone. flip: mirrors half of them."""
        generator = generator_of(key)
        chosen = shuffled_batches(len(self.train), batch_size, generator)
        mirrored = torch.rand(len(self.train), generator=generator) < (0.5 if flip else 0.0)
        return self._read(self.train, chosen[first:], mirrored.tolist())

    def held_out_batches(self, batch_size: int) -> Iterator[ObjectBatch]:
        """All held-out pictures, in order."""
        check_positive("batch size", batch_size)
        count = len(self.held_out)
        return self._read(self.held_out, torch.split(torch.arange(count), batch_size), [False] * count)

    def _read(self, pictures: Pictures, chosen: Sequence[Tensor], mirrored: list[bool]) -> Iterator[ObjectBatch]:
        return loaded(_Read(pictures, mirrored), [batch.tolist() for batch in chosen], self.workers)


@dataclass(frozen=True)
class _Read(Dataset[Any]):
    """Batches of pictures, by a list of numbers."""

    pictures: Pictures
    mirrored: list[bool]

    def __getitem__(self, numbers: list[int]) -> ObjectBatch | ValueError:
        try:
            return [self._one(number) for number in numbers]
        except ValueError as error:
            return error

    def _one(self, number: int) -> Picture:
        pixels, objects = self.pictures[number]
        return (pixels.flip(2), objects.mirrored()) if self.mirrored[number] else (pixels, objects)
