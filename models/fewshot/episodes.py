"""Episodes: small classification tasks, each a function of its number alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.checks import check_positive
from models.data.draws import Integers, distinct, key_of, uniform
from models.data.sources import digest_of
from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.sides import Sides

_GROUP_STREAM, _CLASS_STREAM, _IMAGE_STREAM, _QUERY_STREAM = range(4)
_DIGEST_BATCH = 4096


class Episode(NamedTuple):
    """A batch of episodes: images (tasks, n, channels, height, width) and labels (tasks, n), sorted by label."""

    support: Tensor
    support_labels: Tensor
    query: Tensor
    query_labels: Tensor


@dataclass(frozen=True)
class EpisodeShape:
    """way: classes of an episode. shot, query: support and query images of each class."""

    way: int = 5
    shot: int = 1
    query: int = 15

    def __post_init__(self) -> None:
        for name in ("way", "shot", "query"):
            check_positive(name, getattr(self, name))
        if self.way < 2:
            raise ValueError(f"way is {self.way}; allowed is an integer of at least 2")


@dataclass(frozen=True)
class Episodes:
    """The episodes of a split, without end: numbers 0, 1, 2 ...

    Classes of an episode are distinct and in random order, which shuffles the labels; so are the images of a class, of
    which the first are the support. An episode is a function of the data set's digest, the split, the shape, the seed
    and its number: it is the same in any batch, in any process and on any device.

    within: whether the classes of an episode come from one group, such as an alphabet, of those with enough classes.
    support_from: origins of the support images, such as designers; query images are from all others. Classes without
    enough images of either kind are left out. None given: support and query images are from anywhere.

    Raises ValueError if the split has fewer classes than ways, or a class fewer images than support and query need.
    """

    data: FewShotData
    split: str
    shape: EpisodeShape
    seed: int = 0
    within: bool = False
    support_from: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        classes, way = self.classes, self.shape.way
        if len(self.drawn) < way:
            enough = f" with {self._needed} of other origins" if self._sides else ""
            raise ValueError(
                f"{self.data.name} has {len(self.drawn)} classes in {self.split}{enough}; {way} ways need as many"
            )
        scarce = min(range(len(classes.counts)), key=classes.counts.__getitem__)
        if self._sides is None and classes.counts[scarce] < self.shape.shot + self.shape.query:
            raise ValueError(
                f"class {classes.names[scarce]} of {self.data.name} has {classes.counts[scarce]} images in "
                f"{self.split}; {self._needed} need {self.shape.shot + self.shape.query}"
            )
        if self.within and not classes.groups:
            raise ValueError(f"{self.data.name} has no groups that the classes of an episode could come from")
        if self.within and not len(self._groups):
            raise ValueError(f"no group of {self.data.name} has {way} classes in {self.split}")

    @property
    def classes(self) -> ClassImages:
        """The images of the split."""
        return self.data.split(self.split)

    @cached_property
    def drawn(self) -> Integers:
        """The numbers of the classes that episodes are drawn from."""
        if self._sides is None:
            return np.arange(len(self.classes.counts))
        return np.flatnonzero((self._sides.support >= self.shape.shot) & (self._sides.query >= self.shape.query))

    def indices(self, numbers: Iterable[int]) -> Tensor:
        """The images of the episodes with these numbers: (episodes, way, shot + query), int64, support first."""
        episodes = np.fromiter(numbers, dtype=np.int64)
        chosen = self._classes_of(episodes)
        way = self.shape.way
        # Each class of an episode draws from numbers of its own.
        streams = episodes.repeat(way) * way + np.tile(np.arange(way), len(episodes))
        found = self._images_of(streams, chosen.reshape(-1))
        return torch.from_numpy(found.reshape(*chosen.shape, -1))

    def batch(self, numbers: Iterable[int]) -> Episode:
        """The episodes with these numbers, normalised, on the data's device."""
        images = self.classes.images
        chosen = self.indices(numbers).to(images.device)
        support, query = torch.split(chosen, [self.shape.shot, self.shape.query], dim=2)
        return Episode(
            self.data.normalise(self._support_pixels(support.flatten(1))),
            self.labels(len(chosen), self.shape.shot),
            self.data.normalise(images[query.flatten(1)]),
            self.labels(len(chosen), self.shape.query),
        )

    def labels(self, tasks: int, images: int) -> Tensor:
        """The labels of `images` images a class: (tasks, way * images), int64, on the data's device."""
        labels = torch.arange(self.shape.way, device=self.classes.images.device).repeat_interleave(images)
        return labels.expand(tasks, -1)

    def digest(self, count: int) -> str:
        """Tells the first `count` episodes apart from others: evaluations are comparable if theirs are equal.

        It depends on the shape and on the images in the order in which they are drawn, so copies of a data set with
        images in another order are told apart.
        """
        check_positive("number of episodes", count)
        images = np.array([int(digest, 16) for digest in self.classes.image_digests], dtype=np.uint64)
        drawn = (images[self.indices(batch).numpy()].tobytes() for batch in _ranges(count, _DIGEST_BATCH))
        return digest_of([repr(self.shape).encode(), *drawn])

    def _support_pixels(self, images: Tensor) -> Tensor:
        """The support images with these numbers, uint8."""
        return self.classes.images[images]

    @cached_property
    def _key(self) -> np.uint64:
        shape = self.shape
        parts = self.data.digest, self.split, shape.way, shape.shot, shape.query, self.seed, self.within
        return key_of(*parts, *sorted(set(self.support_from)))

    @property
    def _needed(self) -> str:
        return f"{self.shape.shot} shots and {self.shape.query} queries"

    @cached_property
    def _sides(self) -> Sides | None:
        if not self.support_from:
            return None
        return Sides.by_origin(self.classes, self.support_from, f"{self.data.name} in {self.split}")

    @cached_property
    def _groups(self) -> list[Integers]:
        """The classes of each group that has enough."""
        groups = np.asarray(self.classes.groups)
        members = [self.drawn[groups[self.drawn] == group] for group in sorted(set(self.classes.groups))]
        return [classes for classes in members if len(classes) >= self.shape.way]

    def _classes_of(self, episodes: Integers) -> Integers:
        """The classes of each episode: (episodes, way)."""
        if not self.within:
            counts = np.full(len(episodes), len(self.drawn))
            return self.drawn[distinct(self._key, episodes, _CLASS_STREAM, counts, self.shape.way)]
        sizes = np.asarray([len(group) for group in self._groups])
        group = (uniform(self._key, episodes, _GROUP_STREAM, 0) * len(sizes)).astype(np.int64)
        members = np.concatenate(self._groups)
        firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        chosen = distinct(self._key, episodes, _CLASS_STREAM, sizes[group], self.shape.way)
        within: Integers = members[chosen + firsts[group][:, None]]
        return within

    def _images_of(self, streams: Integers, classes: Integers) -> Integers:
        """The images of each class: (classes, shot + query), support first."""
        shot, query, firsts = self.shape.shot, self.shape.query, self.classes.offsets[classes][:, None]
        if self._sides is None:
            counts = np.asarray(self.classes.counts)[classes]
            anywhere: Integers = distinct(self._key, streams, _IMAGE_STREAM, counts, shot + query) + firsts
            return anywhere
        of_support, of_query = self._sides.support[classes], self._sides.query[classes]
        support = distinct(self._key, streams, _IMAGE_STREAM, of_support, shot)
        queries = distinct(self._key, streams, _QUERY_STREAM, of_query, query) + of_support[:, None]
        images: Integers = self._sides.order[np.concatenate([support, queries], 1) + firsts]
        return images


def _ranges(count: int, size: int) -> Iterator[range]:
    return (range(first, min(first + size, count)) for first in range(0, count, size))
