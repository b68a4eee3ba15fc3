"""Meta-learning of features with a differentiable head: ProtoNet, R2-D2, MetaOptNet (dissertation Algorithm 3)."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.checks import check_positive
from models.fewshot.episodes import Episode, Episodes
from models.fewshot.evaluation import Head
from models.fewshot.queries import task_features
from models.training.method import Batch, Loss, Method
from models.training.optimizers import Scheduled


class LearntScale(nn.Module):
    """Scale and, if asked for, a bias of logits, both learnt with the features."""

    def __init__(self, *, bias: bool = False) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.bias = nn.Parameter(torch.zeros(())) if bias else None

    def forward(self, logits: Tensor) -> Tensor:
        scaled = self.scale * logits
        return scaled if self.bias is None else scaled + self.bias


class Validation(Protocol):
    """Evaluates a learner's network on validation classes."""

    def __call__(self, network: nn.Module, /) -> Mapping[str, float]:
        """Its figures, by name."""


class EpisodicTraining(Method):
    """Trains an encoder so that a head, fitted to the support of an episode, classifies its queries.

    scale: scales the head's logits. episodes: of training classes; episode number `batch` * `tasks` + task of the
    stage, counted over epochs. tasks: episodes in a batch, over all processes. batches: in an epoch.
    """

    def __init__(
        self,
        encoder: nn.Module,
        scale: nn.Module,
        head: Head,
        optimizer: Scheduled,
        episodes: Episodes,
        *,
        tasks: int,
        batches: int,
        validation: Validation | None = None,
    ) -> None:
        check_positive("tasks", tasks)
        check_positive("batches", batches)
        self.models = {"encoder": encoder, "scale": scale}
        self.optimizers = {"encoder": optimizer}
        self.head = head
        self.episodes = episodes
        self.tasks = tasks
        self.count = batches
        self.validation = validation

    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        for batch in range(epoch * self.count + first, (epoch + 1) * self.count):
            yield self.episodes.batch(range(batch * self.tasks, (batch + 1) * self.tasks))

    def share(self, batch: Batch, process: int, processes: int) -> Batch | None:
        return shared_tasks(batch, process, processes)

    def step(self, models: Mapping[str, nn.Module], batch: Batch) -> Loss:
        episode = Episode(*batch)
        support, query = task_features(models["encoder"], episode.support, episode.query)
        logits = models["scale"](self.head(query, support, episode.support_labels, self.episodes.shape.way))
        loss = cross_entropy(logits.flatten(0, 1), episode.query_labels.flatten())
        right = logits.detach().argmax(2) == episode.query_labels
        return Loss(loss, {"accuracy": right.float().mean()})

    def validate(self) -> Mapping[str, float]:
        return {} if self.validation is None else self.validation(self.models["encoder"])


def shared_tasks(batch: Batch, process: int, processes: int) -> Batch | None:
    """A process's tasks, or pairs of classes, of a batch; None if there are fewer than processes."""
    if len(batch[0]) < processes:
        return None
    return tuple(part[process::processes] for part in batch)
