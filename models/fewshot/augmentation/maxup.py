"""A step on augmented tasks: by one augmentation, or by Meta-MaxUp (dissertation 6.3.4, Algorithm 5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.checks import check_choice, check_positive
from models.data.draws import Integers
from models.fewshot.augmentation.candidates import CandidateDraws, Candidates
from models.fewshot.augmentation.losses import Learner, losses_from_images, mean_loss
from models.fewshot.augmentation.pool_log import PoolLog
from models.fewshot.augmentation.selection import losses_of_candidates
from models.fewshot.augmentation.settings import Select
from models.fewshot.augmentation.soft_episode import SoftEpisode


class StepResult(NamedTuple):
    """loss: the mean over queries, to be minimised. metrics: scalars to log."""

    loss: Tensor
    metrics: Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class MetaMaxUp:
    """Trains on the worst of m augmented forms of each task. A pool of one and m = 1 are a single augmentation.

    draws: of the candidates. select: `task` chooses the candidate of each task with the largest loss, without
    gradients, and trains on it. `slot` trains on the largest loss of each query over all candidates, with the gradients
    of all, as the published code does. at_once: candidates of each task in memory together while `task` chooses.

    Raises ValueError for another `select` and for `at_once` below 1.
    """

    draws: CandidateDraws
    select: Select = "task"
    at_once: int = 1

    def __post_init__(self) -> None:
        check_choice("select", self.select, Select)
        check_positive("at_once", self.at_once)

    def step(self, learner: Learner, bare: Learner, episode: SoftEpisode, numbers: Integers) -> StepResult:
        """The loss of a batch of tasks with these numbers, (tasks,).

        learner: to be trained through. bare: the same, not wrapped for several processes; the choice is made with it.
        """
        candidates = self.draws.of(episode, numbers)
        log = PoolLog([entry.name for entry in candidates.pool], candidates.entries)
        if self.select == "slot":
            return _worst_slots(learner, candidates, log)
        return self._worst_tasks(learner, bare, candidates, log)

    def _worst_tasks(self, learner: Learner, bare: Learner, candidates: Candidates, log: PoolLog) -> StepResult:
        tasks, count = candidates.entries.shape
        of_candidates = losses_of_candidates(bare, candidates, self.at_once) if count > 1 else None
        chosen = np.zeros(tasks, dtype=np.int64) if of_candidates is None else of_candidates.argmax(1).numpy()
        places = np.arange(tasks)
        found = losses_from_images(learner, candidates.pool, candidates.augmented(places, chosen))
        if of_candidates is None:
            of_candidates = found.losses.detach().mean(1, keepdim=True)
        metrics = {"accuracy": found.right.float().mean()}
        of_pool = log.metrics(of_candidates, candidates.entries[places, chosen], found.losses.device)
        return StepResult(mean_loss(found.losses), metrics | of_pool)


def _worst_slots(learner: Learner, candidates: Candidates, log: PoolLog) -> StepResult:
    tasks, count = candidates.entries.shape
    groups = candidates.augmented(np.tile(np.arange(tasks), count), np.arange(count).repeat(tasks))
    found = losses_from_images(learner, candidates.pool, groups)
    losses, right = (torch.unflatten(part, 0, (count, tasks)) for part in found)
    worst, where = losses.max(0)
    metrics = {"accuracy": right.gather(0, where[None]).float().mean()}
    chosen = np.take_along_axis(candidates.entries, where.cpu().numpy(), 1)
    return StepResult(mean_loss(worst), metrics | log.metrics(losses.detach().mean(2).T, chosen, losses.device))
