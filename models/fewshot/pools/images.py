"""Fixed pools of images that support and queries are drawn from."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from models.data.draws import Integers, distinct, key_of, uniform
from models.fewshot.class_images import ClassImages

_POOL_STREAM, _SUPPORT_STREAM, _QUERY_STREAM = range(3)


@dataclass(frozen=True)
class ImagePools:
    """Pools of support and query images of each class.

    key: what the pools are a function of. support, query: images of each class in the pools; None for all images. A
    larger pool holds the smaller ones of the same key. Two pools share no image. Of a pool and all images, no image is
    drawn for both support and queries of an episode.

    Raises ValueError, naming the class, if it has fewer images than the pools.
    """

    classes: ClassImages
    key: np.uint64
    support: int | None
    query: int | None

    def __post_init__(self) -> None:
        needed = (self.support or 0) + (self.query or 0)
        scarce = min(range(len(self.classes.counts)), key=self.classes.counts.__getitem__)
        if self.classes.counts[scarce] < needed:
            raise ValueError(
                f"support_pool and query_pool take {needed} images of each class; class {self.classes.names[scarce]} "
                f"has {self.classes.counts[scarce]}"
            )

    @cached_property
    def order(self) -> Integers:
        """The images of each class in the order in which pools take them up, at the places of the class: (images,)."""
        labels = np.repeat(np.arange(len(self.classes.counts)), self.classes.counts)
        images = np.arange(len(labels))
        return np.lexsort((uniform(self.key, np.zeros_like(images), _POOL_STREAM, images), labels))

    def images(self, key: np.uint64, streams: Integers, classes: Integers, shot: int, query: int) -> Integers:
        """Images of each class, (classes, shot + query), support first: functions of `key` and their stream."""
        places = self._places(key, streams, np.asarray(self.classes.counts)[classes], shot, query)
        drawn: Integers = self.order[places + self.classes.offsets[classes][:, None]]
        return drawn

    @cached_property
    def noise(self) -> Tensor:
        """For each image of the support pools, an image of uniform noise: uint8, on the images' device."""
        generator = torch.Generator().manual_seed(int(self.key))
        count = len(self.classes.counts) * (self.support or 0)
        noise = torch.randint(0, 256, (count, *self.classes.shape), dtype=torch.uint8, generator=generator)
        return noise.to(self.classes.images.device)

    def noise_for(self, images: Tensor) -> Tensor:
        """The noise that stands for images of the support pools, which are given by number."""
        return self.noise[self._numbers_in_pools.to(images.device)[images]]

    @cached_property
    def _numbers_in_pools(self) -> Tensor:
        """The number of each image among those of all support pools, class by class: (images,)."""
        counts = np.asarray(self.classes.counts)
        ranks = np.arange(counts.sum()) - self.classes.offsets.repeat(counts)
        numbers = np.empty_like(self.order)
        numbers[self.order] = np.arange(len(counts)).repeat(counts) * (self.support or 0) + ranks
        return torch.from_numpy(numbers)

    def _places(self, key: np.uint64, streams: Integers, counts: Integers, shot: int, query: int) -> Integers:
        """Places in `order`, from the first of the class on: (classes, shot + query)."""
        if self.support is not None and self.query is not None:
            supports = distinct(key, streams, _SUPPORT_STREAM, np.full(len(streams), self.support), shot)
            queries = distinct(key, streams, _QUERY_STREAM, np.full(len(streams), self.query), query)
            return np.concatenate([supports, queries + self.support], 1)
        if self.support is not None:
            return _pool_first(key, streams, counts, self.support, (shot, query))
        return np.roll(_pool_first(key, streams, counts, self.query or 0, (query, shot)), shot, axis=1)


def pools_of(classes: ClassImages, name: str, seed: int, support: int | None, query: int | None) -> ImagePools | None:
    """The pools of a split's classes; None if all images may be drawn. name: of data and split."""
    if support is None and query is None:
        return None
    return ImagePools(classes, key_of("pools", name, seed), support, query)


def _pool_first(key: np.uint64, streams: Integers, counts: Integers, pool: int, draws: tuple[int, int]) -> Integers:
    """Different integers for each stream: the first ones below `pool`, then others below `counts`."""
    sizes = np.column_stack([np.full((len(counts), draws[0]), pool), np.tile(counts[:, None], draws[1])])
    return distinct(key, streams, _SUPPORT_STREAM, sizes, sum(draws))
