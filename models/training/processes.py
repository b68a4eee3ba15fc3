"""Several processes that train together."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, distributed, nn


def process_count() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if _together() else 1


def process_index() -> int:
    """This process's number among those that train together, from 0 on."""
    return distributed.get_rank() if _together() else 0


def average(tensors: Iterable[Tensor]) -> None:
    """Replaces each tensor by its mean over processes."""
    if not _together():
        return
    for tensor in tensors:
        distributed.all_reduce(tensor)
        tensor /= distributed.get_world_size()


def average_gradients(models: Iterable[nn.Module]) -> None:
    """Replaces each gradient by its mean over processes; a process without one counts as zero."""
    if not _together():
        return
    for parameter in (parameter for model in models for parameter in model.parameters() if parameter.requires_grad):
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        average([parameter.grad])


def share_buffers(models: Iterable[nn.Module]) -> None:
    """Gives every process the main one's buffers: statistics of batch norms are each process's own until then."""
    if not _together():
        return
    for buffer in (buffer for model in models for buffer in model.buffers()):
        distributed.broadcast(buffer, 0)


def decided_by_main(decision: bool) -> bool:
    """The main process's decision, on every process."""
    if not _together():
        return decision
    decisions = [decision]
    distributed.broadcast_object_list(decisions, 0)
    return decisions[0]


def gather_with_gradients(values: Tensor) -> Tensor:
    """The `values` of all processes, of one shape, one after another along the first axis; gradients flow back.

    Each process receives the gradients that all of them have for its values, added up.
    """
    if not _together():
        return values
    gathered: Tensor = _Gather.apply(values)  # type: ignore[no-untyped-call]
    return gathered


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.count = len(values)
        parts = [torch.empty_like(values) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        start = distributed.get_rank() * ctx.count
        return total[start : start + ctx.count]
