"""The inner loop of several tasks, each of which moves its own copy of the parameters: steps outside, tasks inside."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from models.fewshot.inner.filters import pull_to_mean
from models.fewshot.inner.functional import Network, Parameters, of_tasks
from models.fewshot.inner.gradients import gradient_for
from models.fewshot.inner.optimizers import InnerOptimizer
from models.fewshot.inner.tasks import How


def adapt(
    network: Network,
    parameters: Mapping[str, Tensor],
    support: tuple[Tensor, Tensor],
    batches: Tensor,
    optimizer: InnerOptimizer,
    how: How,
    *,
    chunk: int | None = None,
    clustering: float | None = None,
    after_step: Callable[[Parameters], None] = lambda _: None,
) -> tuple[Parameters, Tensor]:
    """Parameters of each task after its inner steps, tasks first, and the mini-batches' losses (tasks, steps).

    support: images (tasks, n, channels, height, width) and labels (tasks, n). batches: the images of each step, int64
    (tasks, steps, size). clustering: product of constant and coefficient of the pull to the mean of all tasks
    (dissertation Algorithm 4); None for no pull. after_step: takes the parameters of all tasks after each step.
    """
    images, labels = support
    tasks = torch.arange(len(images), device=images.device)[:, None]
    current = of_tasks(parameters, len(images))
    losses = []
    for chosen in batches.to(images.device).unbind(1):
        gradients, loss = _task_gradients(network, current, images[tasks, chosen], labels[tasks, chosen], how, chunk)
        if clustering is not None:
            for name, pull in pull_to_mean(current):
                gradients[name] = gradients[name] + clustering * pull
        current = optimizer(current, gradients)
        losses.append(loss)
        after_step(current)
    return current, torch.stack(losses, 1)


def _task_gradients(
    network: Network, parameters: Parameters, images: Tensor, labels: Tensor, how: How, chunk: int | None
) -> tuple[Parameters, Tensor]:
    """Gradients of each task's loss by its own parameters, and the losses (tasks,)."""

    def task_loss(weights: Parameters, images: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(network(weights, images), labels)

    gradient = partial(gradient_for(how), task_loss)
    if how == "vmap":
        found: tuple[Parameters, Tensor] = torch.vmap(gradient, randomness="different", chunk_size=chunk)(
            parameters, images, labels
        )
        return found
    one_by_one = [
        gradient({name: tensor[task] for name, tensor in parameters.items()}, images[task], labels[task])
        for task in range(len(images))
    ]
    stacked = {name: torch.stack([gradients[name] for gradients, _ in one_by_one]) for name in parameters}
    return stacked, torch.stack([loss for _, loss in one_by_one])
