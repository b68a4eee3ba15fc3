"""Episodes: small classification tasks, each a function of its number alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.data.sources import check_positive, digest_of
from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.draws import Integers, distinct, key_of, uniform

_GROUP_STREAM, _CLASS_STREAM, _IMAGE_STREAM = 0, 1, 2
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

    Raises ValueError if the split has fewer classes than ways, or a class fewer images than support and query need.
    """

    data: FewShotData
    split: str
    shape: EpisodeShape
    seed: int = 0
    within: bool = False

    def __post_init__(self) -> None:
        classes, shape = self.classes, self.shape
        if len(classes.counts) < shape.way:
            raise ValueError(
                f"{self.data.name} has {len(classes.counts)} classes in {self.split}; {shape.way} ways need as many"
            )
        needed = shape.shot + shape.query
        scarce = min(range(len(classes.counts)), key=classes.counts.__getitem__)
        if classes.counts[scarce] < needed:
            raise ValueError(
                f"class {classes.names[scarce]} of {self.data.name} has {classes.counts[scarce]} images in "
                f"{self.split}; {shape.shot} shots and {shape.query} queries need {needed}"
            )
        if self.within and not classes.groups:
            raise ValueError(f"{self.data.name} has no groups that the classes of an episode could come from")
        if self.within and not len(self._groups):
            raise ValueError(f"no group of {self.data.name} has {shape.way} classes in {self.split}")

    @property
    def classes(self) -> ClassImages:
        """The images of the split."""
        return self.data.split(self.split)

    def indices(self, numbers: Iterable[int]) -> Tensor:
        """The images of the episodes with these numbers: (episodes, way, shot + query), int64, support first."""
        episodes = np.fromiter(numbers, dtype=np.int64)
        chosen = self._classes_of(episodes)
        counts, offsets = np.asarray(self.classes.counts)[chosen], self.classes.offsets[chosen]
        way, images = self.shape.way, self.shape.shot + self.shape.query
        # Each class of an episode draws from numbers of its own.
        streams = episodes.repeat(way) * way + np.tile(np.arange(way), len(episodes))
        found = distinct(self._key, streams, _IMAGE_STREAM, counts.reshape(-1), images)
        return torch.from_numpy(found.reshape(*chosen.shape, images) + offsets[:, :, None])

    def batch(self, numbers: Iterable[int]) -> Episode:
        """The episodes with these numbers, normalised, on the data's device."""
        images = self.classes.images
        chosen = self.indices(numbers).to(images.device)
        support, query = torch.split(chosen, [self.shape.shot, self.shape.query], dim=2)
        return Episode(
            self.data.normalise(images[support.flatten(1)]),
            self.labels(len(chosen), self.shape.shot),
            self.data.normalise(images[query.flatten(1)]),
            self.labels(len(chosen), self.shape.query),
        )

    def labels(self, tasks: int, images: int) -> Tensor:
        """The labels of `images` images a class: (tasks, way * images), int64, on the data's device."""
        labels = torch.arange(self.shape.way, device=self.classes.images.device).repeat_interleave(images)
        return labels.expand(tasks, -1)

    def digest(self, count: int) -> str:
        """Tells the first `count` episodes apart from others: evaluations are comparable if theirs are equal."""
        check_positive("number of episodes", count)
        batches = _ranges(count, _DIGEST_BATCH)
        return digest_of([self.data.digest.encode(), *(self.indices(batch).numpy().tobytes() for batch in batches)])

    @cached_property
    def _key(self) -> np.uint64:
        shape = self.shape
        return key_of(self.data.digest, self.split, shape.way, shape.shot, shape.query, self.seed, self.within)

    @cached_property
    def _groups(self) -> list[Integers]:
        """The classes of each group that has enough."""
        groups = np.asarray(self.classes.groups)
        members = [np.flatnonzero(groups == group) for group in sorted(set(self.classes.groups))]
        return [classes for classes in members if len(classes) >= self.shape.way]

    def _classes_of(self, episodes: Integers) -> Integers:
        """The classes of each episode: (episodes, way)."""
        if not self.within:
            counts = np.full(len(episodes), len(self.classes.counts))
            return distinct(self._key, episodes, _CLASS_STREAM, counts, self.shape.way)
        sizes = np.asarray([len(group) for group in self._groups])
        group = (uniform(self._key, episodes, _GROUP_STREAM, 0) * len(sizes)).astype(np.int64)
        members = np.concatenate(self._groups)
        firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        chosen = distinct(self._key, episodes, _CLASS_STREAM, sizes[group], self.shape.way)
        within: Integers = members[chosen + firsts[group][:, None]]
        return within


def _ranges(count: int, size: int) -> Iterator[range]:
    return (range(first, min(first + size, count)) for first in range(0, count, size))
