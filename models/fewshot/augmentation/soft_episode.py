"""Episodes with images by class and soft labels: what augmentations take and return."""

from typing import NamedTuple

import torch
from torch import Tensor

from models.fewshot.episodes import Episode


class SpareClasses(NamedTuple):
    """Images of further classes: (tasks, way, shot, ...) and (tasks, way, queries, ...)."""

    support: Tensor
    query: Tensor


class SoftEpisode(NamedTuple):
    """A batch of episodes.

    support: images (tasks, way, shot, channels, height, width) or features (tasks, way, shot, d). query: the same with
    queries for shots. Labels: distributions over the ways, (tasks, way * shot, way) and (tasks, way * queries, way), in
    the order of the images. spare: as many further classes, for augmentations that make one class of two.
    """

    support: Tensor
    support_labels: Tensor
    query: Tensor
    query_labels: Tensor
    spare: SpareClasses | None = None

    @property
    def further(self) -> SpareClasses:
        """The spare classes. Raises ValueError if there are none."""
        if self.spare is None:
            way = self.support.shape[1]
            raise ValueError(f"one class is made of two; {way} ways need {2 * way} classes drawn")
        return self.spare

    def of(self, tasks: Tensor) -> "SoftEpisode":
        """Some of the tasks, by their places."""
        spare = self.spare and SpareClasses(self.spare.support[tasks], self.spare.query[tasks])
        return SoftEpisode(
            self.support[tasks], self.support_labels[tasks], self.query[tasks], self.query_labels[tasks], spare
        )


def soft_episode(episode: Episode, way: int, drawn: int) -> SoftEpisode:
    """An episode of `drawn` classes, sorted by class, with one-hot labels for the first `way` of them.

    If twice as many are drawn, the others are spare. Raises ValueError for another number of classes.
    """
    if drawn not in (way, 2 * way):
        raise ValueError(f"episodes have {drawn} classes; allowed are {way} ways or twice as many")
    support, query = (torch.unflatten(images, 1, (drawn, -1)) for images in (episode.support, episode.query))
    spare = SpareClasses(support[:, way:], query[:, way:]) if drawn > way else None
    support, query = support[:, :way], query[:, :way]
    return SoftEpisode(support, one_hot_labels(support), query, one_hot_labels(query), spare)


def one_hot_labels(images: Tensor) -> Tensor:
    """The labels of images by class, (tasks, way, n, ...): (tasks, way * n, way), of the images' dtype."""
    tasks, way, count = images.shape[:3]
    labels = torch.eye(way, dtype=images.dtype, device=images.device).repeat_interleave(count, 0)
    return labels.expand(tasks, -1, -1)
