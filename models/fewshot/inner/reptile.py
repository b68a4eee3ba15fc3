"""Reptile (Nichol and Schulman, 2018), plain and with weight clustering (dissertation 5.5.1, Algorithm 4)."""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from models.fewshot.inner.adaptation import adapt
from models.fewshot.inner.functional import Network, Parameters
from models.fewshot.inner.optimizers import AdamWithoutMomentum
from models.fewshot.inner.tasks import How, check_steps, check_tasks, parts_of


def reptile_gradient(
    network: Network,
    parameters: Mapping[str, Tensor],
    support: tuple[Tensor, Tensor],
    batches: Tensor,
    learning_rate: float,
    how: How,
    chunk: int | None = None,
    fixed: Collection[str] = (),
) -> tuple[Tensor, Parameters]:
    """Mean loss of the mini-batches, and Reptile's pseudo-gradient: start minus end of the inner steps, over tasks.

    A step of gradient descent along it with learning rate r moves the parameters by r of the way to the mean of the
    tasks' ends. The inner optimizer is Adam without momentum, which starts afresh for each task.

    support: images (tasks, n, channels, height, width) and labels (tasks, n). batches: the images of each inner step,
    int64 (tasks, steps, size), as `minibatches` draws them. how, chunk: `loop` works on one task at a time, `vmap` on
    `chunk` tasks at a time, None for all. fixed: names of parameters that stay, such as biases before batch norm.

    Raises ValueError for impossible numbers of steps, tasks or a chunk, a learning rate of 0 or less, another `how`.
    """
    _check(support, batches, learning_rate, how, chunk)
    totals = {name: torch.zeros_like(tensor) for name, tensor in parameters.items()}
    losses = []
    for images, labels, chosen in parts_of((*support, batches), how, chunk):
        optimizer = AdamWithoutMomentum(learning_rate, fixed)
        ends, loss = adapt(network, parameters, (images, labels), chosen, optimizer, how)
        _add_way_back(totals, parameters, ends)
        losses.append(loss)
    return torch.cat(losses).mean(), _mean(totals, len(batches))


def clustered_reptile_gradient(
    network: Network,
    parameters: Mapping[str, Tensor],
    support: tuple[Tensor, Tensor],
    batches: Tensor,
    learning_rate: float,
    coefficient: float,
    how: How,
    chunk: int | None = None,
    fixed: Collection[str] = (),
) -> tuple[Tensor, Parameters]:
    """Reptile's pseudo-gradient where each inner step also pulls the tasks of the batch towards their mean.

    coefficient: what (w - mean) / |filter|^2 is multiplied with before it joins a task's gradient. That is the product
    of constant and coefficient, 2 (1 - 1/m) times lambda, which Tables 5.6 and 5.10 report. At 0 this is Reptile. The
    pull couples all tasks at each step, so their parameters are held at once; `chunk` bounds what vmap holds beside
    them. The other arguments, the result and further errors are those of `reptile_gradient`.

    Raises ValueError for a coefficient below 0 or not finite.
    """
    _check(support, batches, learning_rate, how, chunk)
    if not 0 <= coefficient < float("inf"):
        raise ValueError(f"coefficient is {coefficient}; allowed are 0 and more")
    totals = {name: torch.zeros_like(tensor) for name, tensor in parameters.items()}
    optimizer = AdamWithoutMomentum(learning_rate, fixed)
    ends, losses = adapt(network, parameters, support, batches, optimizer, how, chunk=chunk, clustering=coefficient)
    _add_way_back(totals, parameters, ends)
    return losses.mean(), _mean(totals, len(batches))


def _check(support: tuple[Tensor, Tensor], batches: Tensor, learning_rate: float, how: How, chunk: int | None) -> None:
    images, labels = support
    check_tasks({"support": images, "labels": labels, "batches": batches}, how, chunk)
    check_steps(batches.shape[1], learning_rate)


def _add_way_back(totals: Parameters, start: Mapping[str, Tensor], ends: Parameters) -> None:
    """Adds start minus end of each task, one by one: in parts or at once, the sums round alike."""
    for name, total in totals.items():
        for end in ends[name]:
            total += start[name].detach() - end


def _mean(totals: Parameters, tasks: int) -> Parameters:
    return {name: total / tasks for name, total in totals.items()}
