"""MAML, of second and of first order (Finn et al., 2017; dissertation Algorithm 3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import cross_entropy

from models.fewshot.inner.functional import Network, Parameters
from models.fewshot.inner.gradients import GradientOf, gradient_for
from models.fewshot.inner.tasks import How, check_steps, check_tasks, mean_over_tasks

Episode = tuple[Tensor, Tensor, Tensor, Tensor]
"""Support images (tasks, n, channels, height, width), labels (tasks, n), query images and labels."""


def maml_gradient(
    network: Network,
    parameters: Mapping[str, Tensor],
    episode: Episode,
    steps: int,
    learning_rate: float,
    first_order: bool,
    how: How,
    chunk: int | None = None,
) -> tuple[Tensor, Parameters]:
    """Loss of the queries after inner steps of gradient descent on the support, and its gradients: means over tasks.

    first_order: takes the gradient where the inner steps end (FOMAML) instead of through them. how: `loop` over tasks
    or `vmap`, which takes `chunk` tasks at a time, None for all; both give the same numbers, up to rounding. The peak
    of memory grows with the chunk, not with the number of tasks.

    Raises ValueError for impossible numbers of steps, tasks or a chunk, a learning rate of 0 or less, another `how`.
    """
    check_steps(steps, learning_rate)
    names = ("support", "support labels", "query", "query labels")
    check_tasks(dict(zip(names, episode, strict=True)), how, chunk)

    weights = {name: tensor.detach() for name, tensor in parameters.items()}
    inner = _InnerLoop(network, weights, steps, learning_rate, gradient_for(how))
    return mean_over_tasks(inner.first_order if first_order else inner.second_order, episode, how, chunk)


@dataclass(frozen=True)
class _InnerLoop:
    """Gradient descent on a task's support; the two gradients take the four tensors of one task."""

    network: Network
    parameters: Parameters
    steps: int
    learning_rate: float
    gradient: GradientOf

    def second_order(self, *task: Tensor) -> tuple[Parameters, Tensor]:
        return self.gradient(self._loss_after_steps, self.parameters, *task)

    def first_order(self, support: Tensor, labels: Tensor, *query: Tensor) -> tuple[Parameters, Tensor]:
        return self.gradient(self._loss, self._adapted(self.parameters, support, labels), *query)

    def _loss_after_steps(self, parameters: Parameters, support: Tensor, labels: Tensor, *query: Tensor) -> Tensor:
        return self._loss(self._adapted(parameters, support, labels), *query)

    def _adapted(self, parameters: Parameters, support: Tensor, labels: Tensor) -> Parameters:
        for _ in range(self.steps):
            gradients, _ = self.gradient(self._loss, parameters, support, labels)
            parameters = {name: value - self.learning_rate * gradients[name] for name, value in parameters.items()}
        return parameters

    def _loss(self, parameters: Parameters, images: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(self.network(parameters, images), labels)
