"""Candidates: the entries of a pool that are drawn for each task, and the tasks that they augment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from models.checks import check_choice, check_positive
from models.data.draws import Integers, key_of
from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.settings import DrawFor
from models.fewshot.augmentation.soft_episode import SoftEpisode

Pool = Sequence[Combination]


class Augmented(NamedTuple):
    """Tasks augmented by one entry.

    pairs: which of the pairs of task and candidate these are. places: of the tasks in the batch. entry: its number in
    the pool. draws: of the tasks. episode: of images or features.
    """

    pairs: Integers
    places: Integers
    entry: int
    draws: TaskDraws
    episode: SoftEpisode


@dataclass(frozen=True)
class Candidates:
    """The candidates of a batch of tasks.

    episode: the tasks before augmentation. entries: the pool's entry of each candidate, (tasks, m). draws: of the
    candidates, task by task.
    """

    pool: Pool
    episode: SoftEpisode
    entries: Integers
    draws: TaskDraws

    def augmented(self, places: Integers, candidates: Integers) -> list[Augmented]:
        """Some of the candidates, entry by entry. places, candidates: pairs of a task and a candidate of it."""
        of_pairs = self.entries[places, candidates]
        return [
            self._by_entry(int(entry), np.flatnonzero(of_pairs == entry), places, candidates)
            for entry in np.unique(of_pairs)
        ]

    def _by_entry(self, entry: int, pairs: Integers, places: Integers, candidates: Integers) -> Augmented:
        tasks, episode = places[pairs], self.episode
        if not np.array_equal(tasks, np.arange(len(self.entries))):
            episode = episode.of(torch.from_numpy(tasks).to(episode.support.device))
        draws = self.draws.of(tasks * self.entries.shape[1] + candidates[pairs])
        return Augmented(pairs, tasks, entry, draws, self.pool[entry].of_images(episode, draws))


@dataclass(frozen=True, kw_only=True)
class CandidateDraws:
    """Draws m entries of a pool for each task, with replacement.

    count: m. tasks: in a batch, over all processes. seed: all draws are functions of the seed, a task's number and the
    candidate's.

    Raises ValueError for numbers below 1, an empty pool and another `draw_for`.
    """

    pool: Pool
    count: int = 1
    draw_for: DrawFor = "task"
    tasks: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive("m", self.count)
        check_positive("tasks", self.tasks)
        if not self.pool:
            raise ValueError("pool is empty; allowed are 1 and more augmentations")
        check_choice("draw", self.draw_for, DrawFor)

    @property
    def is_single(self) -> bool:
        """Whether all tasks have the same augmentation, and nothing is chosen."""
        return len(self.pool) == self.count == 1

    def of(self, episode: SoftEpisode, numbers: Integers) -> Candidates:
        """The candidates of tasks with these numbers, (tasks,)."""
        whose = numbers // self.tasks if self.draw_for == "batch" else numbers
        entries = TaskDraws(self._key, self._of_candidates(whose)).below("entry", len(self.pool))
        return Candidates(self.pool, episode, entries.numpy().reshape(-1, self.count), self.draws_of(numbers))

    def draws_of(self, numbers: Integers) -> TaskDraws:
        """The draws of the candidates of tasks with these numbers, task by task: (tasks * m,)."""
        return TaskDraws(self._key, self._of_candidates(numbers))

    @property
    def _key(self) -> np.uint64:
        return key_of("augmentation", self.seed)

    def _of_candidates(self, numbers: Integers) -> Integers:
        """The numbers of candidates: (tasks * m,)."""
        return (numbers[:, None] * self.count + np.arange(self.count)).reshape(-1)
