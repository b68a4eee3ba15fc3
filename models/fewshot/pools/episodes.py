"""Episodes from pools of images and tasks."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from models.data.draws import Integers, distinct, key_of, uniform
from models.fewshot.episodes import Episodes
from models.fewshot.pools.images import ImagePools, pools_of
from models.fewshot.pools.settings import PoolSettings
from models.fewshot.pools.tasks import fixed_tasks

_TASK_STREAM, _LABEL_STREAM = range(2)


@dataclass(frozen=True, kw_only=True)
class PooledEpisodes(Episodes):
    """Episodes from fewer images, or fewer tasks, than there are; those of `Episodes` without pools.

    Pools depend on data, split and seed, those of tasks on the ways as well. A fixed task comes with its classes in
    random order, which shuffles the labels. Pools of images leave the classes of an episode as they are.

    Raises ValueError, beside what `Episodes` does, if a pool is too small or larger than the data, and for pools with
    `within` or `support_from`.
    """

    pools: PoolSettings = PoolSettings()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.pools.check(self.shape.shot, self.shape.query)
        if self.pools.limits_episodes and (self.within or self.support_from):
            raise ValueError("pools of training data go with episodes of any classes and images, not of some groups")
        _ = self._image_pools, self.tasks

    @cached_property
    def tasks(self) -> Integers | None:
        """The classes of each fixed task, (tasks, way), in no particular order; None if any classes make a task."""
        if self.pools.task_pool is None:
            return None
        key = key_of("tasks", self.data.digest, self.split, self.seed)
        return fixed_tasks(key, len(self.drawn), self.shape.way, self.pools.task_pool)

    @property
    def task_names(self) -> list[list[str]]:
        """The names of the classes of each fixed task; none if any classes make a task."""
        return [] if self.tasks is None else [[self.classes.names[one] for one in task] for task in self.tasks]

    @cached_property
    def _image_pools(self) -> ImagePools | None:
        name = f"{self.data.digest} {self.split}"
        return pools_of(self.classes, name, self.seed, self.pools.support_pool, self.pools.query_pool)

    @cached_property
    def _pool_key(self) -> np.uint64:
        return key_of("pools", int(self._key))

    def _classes_of(self, episodes: Integers) -> Integers:
        if self.tasks is None:
            return super()._classes_of(episodes)
        way = self.shape.way
        key = key_of("tasks", int(self._key))
        task = (uniform(key, episodes, _TASK_STREAM, 0) * len(self.tasks)).astype(np.int64)
        labels = distinct(key, episodes, _LABEL_STREAM, np.full(len(episodes), way), way)
        shuffled: Integers = np.take_along_axis(self.tasks[task], labels, 1)
        return shuffled

    def _images_of(self, streams: Integers, classes: Integers) -> Integers:
        if self._image_pools is None:
            return super()._images_of(streams, classes)
        return self._image_pools.images(self._pool_key, streams, classes, self.shape.shot, self.shape.query)

    def _support_pixels(self, images: Tensor) -> Tensor:
        if self._image_pools is None or not self.pools.support_noise:
            return super()._support_pixels(images)
        return self._image_pools.noise_for(images)
