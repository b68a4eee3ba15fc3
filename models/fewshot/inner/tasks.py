"""Work on the tasks of a batch: one after another, or together under vmap."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from models.checks import check_above_zero, check_choice
from models.fewshot.inner.functional import Parameters

How = Literal["loop", "vmap"]

TaskGradient = Callable[..., tuple[Mapping[str, Tensor], Tensor]]
"""A task's tensors to gradients by parameter and the loss, a scalar."""


def mean_over_tasks(
    task_gradient: TaskGradient, tasks: Sequence[Tensor], how: How, chunk: int | None
) -> tuple[Tensor, Parameters]:
    """Loss and gradients of a batch: the means over its tasks.

    tasks: tensors with tasks first. how: `loop` works on one task at a time, `vmap` on `chunk` tasks at a time, None
    for all. Sums are kept, not the gradients of all tasks, so memory grows with the chunk and not with the batch.
    """
    count = len(tasks[0])
    totals: Parameters = {}
    losses = [_add_part(task_gradient, part, how, totals) for part in parts_of(tasks, how, chunk)]
    return torch.stack(losses).sum() / count, {name: total.div_(count) for name, total in totals.items()}


def parts_of(tasks: Sequence[Tensor], how: How, chunk: int | None) -> Iterator[tuple[Tensor, ...]]:
    """The tasks that are worked on together, part by part; tensors keep their axis of tasks."""
    size = 1 if how == "loop" else chunk or len(tasks[0])
    return zip(*(torch.split(tensor, size) for tensor in tasks), strict=True)


def check_tasks(tasks: Mapping[str, Tensor], how: How, chunk: int | None) -> None:
    """Raises ValueError, naming the parameter, for unequal numbers of tasks, no tasks, another `how` or a bad chunk."""
    counts = {name: len(tensor) for name, tensor in tasks.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        numbers = ", ".join(f"{count} of {name}" for name, count in counts.items())
        raise ValueError(f"numbers of tasks are {numbers}; allowed is one number of at least 1")
    check_choice("how", how, How)
    if chunk is not None and chunk < 1:
        raise ValueError(f"chunk is {chunk}; allowed are 1 and more tasks")


def check_steps(steps: int, learning_rate: float) -> None:
    """Raises ValueError for a number of inner steps below 1, or a learning rate that is not above 0 and finite."""
    if steps < 1:
        raise ValueError(f"steps is {steps}; allowed are 1 and more")
    check_above_zero("learning_rate", learning_rate)


def _add_part(task_gradient: TaskGradient, part: Sequence[Tensor], how: How, totals: Parameters) -> Tensor:
    """Adds the gradients of a part's tasks to `totals` and returns the sum of their losses."""
    if how == "loop":
        gradients, loss = task_gradient(*(tensor[0] for tensor in part))
    else:
        # grad(vmap(loss)) would be silently wrong through F.batch_norm in training (pytorch/functorch issue 534).
        of_tasks, losses = torch.vmap(task_gradient, randomness="different")(*part)
        gradients, loss = {name: gradient.sum(0) for name, gradient in of_tasks.items()}, losses.sum()
    for name, gradient in gradients.items():
        if name in totals:
            totals[name] += gradient
        else:
            totals[name] = gradient.clone()
    return loss
