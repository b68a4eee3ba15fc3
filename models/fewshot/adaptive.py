"""Meta-learning of a starting point for fine-tuning: MAML, FOMAML, Reptile, Reptile with weight clustering."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from models.checks import check_positive
from models.fewshot.episodes import Episode, Episodes
from models.fewshot.episodic import Validation, shared_tasks
from models.fewshot.inner import (
    How,
    Timing,
    biases_before_batch_norm,
    clustered_reptile_gradient,
    functional,
    maml_gradient,
    minibatches,
    reptile_gradient,
    time_ways,
    trainable,
    whole_support,
)
from models.training.method import Batch, Gradients, Method
from models.training.optimizers import Scheduled

AdaptiveLearner = Literal["maml", "fomaml", "reptile"]


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """How a network adapts to a task.

    steps, learning_rate: of gradient descent for MAML, of Adam without momentum for Reptile. batch: images of a step of
    Reptile; MAML takes the whole support. clustering: Reptile's pull of a batch's tasks towards their mean, see
    `clustered_reptile_gradient`. chunk: tasks that vmap takes at a time; None for all.
    """

    learner: AdaptiveLearner
    steps: int
    learning_rate: float
    batch: int = 10
    clustering: float = 0.0
    chunk: int | None = None

    def batches(self, tasks: int, images: int, generator: torch.Generator) -> Tensor:
        """The support images of each step: int64 (tasks, steps, size)."""
        if self.learner == "reptile":
            return minibatches(tasks, images, self.batch, self.steps, generator)
        return whole_support(tasks, images, self.steps)


class AdaptiveTraining(Method):
    """Trains a network, encoder and classifier, so that a few steps of fine-tuning on a task suffice.

    episodes: of training classes, with as many ways as the network has outputs. adaptation: of each task, in training.
    how: `loop` over tasks or `vmap`, which `timing` compares. tasks: episodes in a batch, over all processes. batches:
    in an epoch. The network's batch norms have to be in mode `episode`.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Scheduled,
        episodes: Episodes,
        adaptation: Adaptation,
        *,
        tasks: int,
        batches: int,
        how: How = "loop",
        validation: Validation | None = None,
    ) -> None:
        check_positive("tasks", tasks)
        check_positive("batches", batches)
        self.network = network
        self.models = {"network": network}
        self.optimizers = {"network": optimizer}
        self.how = how
        self.episodes = episodes
        self.adaptation = adaptation
        self.tasks = tasks
        self.count = batches
        self.validation = validation
        self.fixed = biases_before_batch_norm(network, episodes.batch([0]).support[0])

    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        for batch in range(epoch * self.count + first, (epoch + 1) * self.count):
            yield self.episodes.batch(range(batch * self.tasks, (batch + 1) * self.tasks))

    def share(self, batch: Batch, process: int, processes: int) -> Batch | None:
        return shared_tasks(batch, process, processes)

    def step(self, models: Mapping[str, nn.Module], batch: Batch) -> Gradients:
        del models  # the loop averages the gradients of the network itself over processes
        loss, gradients = self._gradient(self._episode(batch), self.how)
        for name, parameter in self.network.named_parameters():
            parameter.grad = gradients[name]
        return Gradients(loss)

    def validate(self) -> Mapping[str, float]:
        return {} if self.validation is None else self.validation(self.network)

    def timing(self) -> Timing:
        """The time of a step with a loop over tasks and with vmap, on the first batch; nothing is trained."""
        episode = self._episode(next(iter(self.batches(0, 0))))
        before = copy.deepcopy(self.network.state_dict())  # DropBlock counts its calls
        self.network.train()
        timing = time_ways(lambda how: self._gradient(episode, how), episode.support.device)
        self.network.load_state_dict(before)
        return timing

    def _episode(self, batch: Batch) -> Episode:
        """The episode to train on."""
        return Episode(*batch)

    def _gradient(self, episode: Episode, how: How) -> tuple[Tensor, dict[str, Tensor]]:
        rule = self.adaptation
        tasks, images = episode.support_labels.shape[:2]
        network, start = functional(self.network), trainable(self.network)
        if rule.learner != "reptile":
            first_order = rule.learner == "fomaml"
            return maml_gradient(network, start, episode, rule.steps, rule.learning_rate, first_order, how, rule.chunk)
        chosen = rule.batches(tasks, images, torch.default_generator).to(episode.support.device)
        support = episode.support, episode.support_labels
        if rule.clustering:
            arguments = (network, start, support, chosen, rule.learning_rate, rule.clustering)
            return clustered_reptile_gradient(*arguments, how, rule.chunk, self.fixed)
        return reptile_gradient(network, start, support, chosen, rule.learning_rate, how, rule.chunk, self.fixed)
