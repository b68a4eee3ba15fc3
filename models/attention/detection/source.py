"""Pictures with objects to train a detector on, and to measure it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import Dataset

from models.attention.detection.targets import Objects
from models.checks import check_positive
from models.data.decoding import loaded
from models.data.sources import digest_of, evenly_spaced, generator_of, shuffled_batches

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

    name: for reports. classes: names of the categories, by label from 1 on. size: length of the shorter side
    to which pictures are scaled, in pixels. workers: processes that read pictures; 0 reads them in the
    calling process.
    """

    name: str
    classes: tuple[str, ...]
    train: Pictures
    held_out: Pictures
    size: int
    workers: int = 4

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that depend on all pictures and categories."""
        return digest_of(str(part).encode() for part in (self.classes, self.train.digest, self.held_out.digest))

    def thinned(self, images: int) -> "ObjectSource":
        """The same with `images` training pictures, evenly spaced. Raises ValueError if there are fewer."""
        if not 1 <= images <= len(self.train):
            raise ValueError(f"images is {images}; {self.name} has {len(self.train)} to train on")
        return replace(self, train=_Part(self.train, tuple(evenly_spaced(len(self.train), images).tolist())))

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
class _Part:
    """Some pictures of a set."""

    pictures: Pictures
    numbers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, number: int) -> Picture:
        return self.pictures[self.numbers[number]]

    @property
    def digest(self) -> str:
        """Depends on all pictures of the set and on which are chosen."""
        return digest_of(str(part).encode() for part in (self.pictures.digest, self.numbers))


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
