"""The losses of all candidates, by which Meta-MaxUp chooses one for each task (dissertation Algorithm 5)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from models.data.draws import Integers
from models.fewshot.augmentation.candidates import Augmented, Candidates
from models.fewshot.augmentation.losses import Learner, losses_from_features
from models.fewshot.augmentation.rehearsal import Rehearsal, rehearsing

Embed = Callable[[Tensor, Tensor], Tensor]
"""Images (n, channels, height, width) and their slots (n,) to features (n, d)."""


def losses_of_candidates(learner: Learner, candidates: Candidates, at_once: int = 1) -> Tensor:
    """The mean loss of the queries of every candidate: (tasks, m), float64, on the CPU.

    No gradient and no trace in the learner remain. Batch norms take the statistics of the support images before
    augmentation, all tasks together, and dropout has one mask for the slot of each image, so a candidate's loss depends
    on no other candidate. The features of a support that candidates leave alone are computed once. at_once: candidates
    of each task that are in memory together.
    """
    tasks, count = candidates.entries.shape
    slots = _Slots.of(candidates)
    losses = torch.empty(tasks, count, dtype=torch.float64)
    with rehearsing(learner.encoder, tasks * slots.of_task) as rehearsal:
        plain = slots.features(rehearsal.observed, candidates.episode.support, np.arange(tasks))
        for first in range(0, count, at_once):
            chunk = np.arange(first, min(first + at_once, count))
            pairs = np.tile(np.arange(tasks), len(chunk)), chunk.repeat(tasks)
            groups = [
                _embedded(rehearsal, slots, group, plain if candidates.pool[group.entry].keeps_support else None)
                for group in candidates.augmented(*pairs)
            ]
            losses[pairs] = losses_from_features(learner, candidates.pool, groups).losses.mean(1).cpu().double()
    return losses


@dataclass(frozen=True)
class _Slots:
    """The slots of a task's images: those of its support, with the most copies in the pool, then its queries'."""

    support: int
    of_task: int

    @classmethod
    def of(cls, candidates: Candidates) -> Self:
        copies = max(entry.copies for entry in candidates.pool)
        support = candidates.episode.support_labels.shape[1] * copies
        return cls(support, support + candidates.episode.query_labels.shape[1])

    def features(self, embed: Embed, images: Tensor, places: Integers, *, of_query: bool = False) -> Tensor:
        """Features (tasks, way, n, d) of images (tasks, way, n, channels, height, width). places: of the tasks."""
        first = torch.from_numpy(places) * self.of_task + (self.support if of_query else 0)
        slots = first[:, None] + torch.arange(images.shape[1:3].numel())
        features = embed(images.flatten(0, 2), slots.flatten().to(images.device))
        return torch.unflatten(features, 0, images.shape[:3])


def _embedded(rehearsal: Rehearsal, slots: _Slots, group: Augmented, plain: Tensor | None) -> Augmented:
    """Augmented tasks with features in place of images. plain: the support's of all tasks, if these leave it alone."""
    query = slots.features(rehearsal.features, group.episode.query, group.places, of_query=True)
    if plain is None:
        support = slots.features(rehearsal.features, group.episode.support, group.places)
    else:
        support = plain[torch.from_numpy(group.places).to(plain.device)]
    return group._replace(episode=group.episode._replace(support=support, query=query))
