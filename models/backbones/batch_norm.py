"""Batch norm whose statistics come from where a few-shot evaluation says: three named modes, set per network."""

import copy
from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn

from models.checks import check_choice

BatchNormMode = Literal["running", "episode", "support"]

_EPSILON = 1e-5
_MOMENTUM = 0.1


class BatchNorm(nn.Module):
    """Batch norm of maps (images, channels, height, width), with a named source of mean and variance.

    mode: `running` normalises by the batch in training, where it moves the running statistics, and by these in
    evaluation. `episode` normalises by mean and variance of the images of the call, which are those of one task: the
    transductive mode that MAML and Reptile publish. `support` is the same arithmetic, for callers that pass the support
    set and one query at a time. Neither of the two reads or writes running statistics, in training or in evaluation.
    Both are right under vmap and in any order of vmap and grad, where `F.batch_norm` in training is not
    (pytorch/functorch issue 534). Their statistics are computed in the dtype of the weights.

    Raises ValueError for another mode, and in the modes `episode` and `support` for a single image.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, mode: BatchNormMode = "running") -> None:
        super().__init__()
        self.mode = checked_mode(mode)
        self.momentum = _MOMENTUM
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, values: Tensor) -> Tensor:
        if self.mode == "running":
            running = self.running_mean, self.running_var
            return nn.functional.batch_norm(
                values, *running, self.weight, self.bias, self.training, self.momentum, _EPSILON
            )
        if len(values) < 2:
            raise ValueError(f"batch_norm is {self.mode!r} with 1 image; allowed are 2 and more, or 'running'")
        return self._by_own_statistics(values.to(self.weight.dtype)).to(values.dtype)

    def _by_own_statistics(self, values: Tensor) -> Tensor:
        # The channels are the groups of one sample's group norm: a single kernel, unlike sums and products of maps.
        by_channel = values.transpose(0, 1)
        flat = by_channel.reshape(1, len(by_channel), -1)
        normalised = nn.functional.group_norm(flat, len(by_channel), self.weight, self.bias, _EPSILON)
        return normalised.view(by_channel.shape).transpose(0, 1)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, mode={self.mode!r}"


def checked_mode(mode: str) -> BatchNormMode:
    """`mode`, if it is one. Raises ValueError for another."""
    check_choice("batch_norm", mode, BatchNormMode)
    return mode  # type: ignore[return-value]  # just checked


def set_batch_norm(network: nn.Module, mode: BatchNormMode) -> None:
    """Gives all batch norms of a network the same mode. Raises ValueError for another mode."""
    for norm in _batch_norms(network):
        norm.mode = checked_mode(mode)


def batch_norm_of(network: nn.Module) -> BatchNormMode | None:
    """The mode of a network's batch norms; None if it has none. Raises ValueError if they differ."""
    modes = {norm.mode for norm in _batch_norms(network)}
    if len(modes) > 1:
        raise ValueError(f"batch norms of one network are in modes {', '.join(sorted(modes))}; allowed is one mode")
    return modes.pop() if modes else None


def in_mode(network: nn.Module, mode: BatchNormMode) -> nn.Module:
    """The network if its batch norms are in this mode or it has none; otherwise a copy in it.

    Raises ValueError for another mode, and for `running` if the network never had running statistics.
    """
    if batch_norm_of(network) in (checked_mode(mode), None):
        return network
    if mode == "running" and all(map(_is_initial, _batch_norms(network))):
        raise ValueError(
            f"batch_norm is 'running', but the network has no running statistics: it was trained in mode "
            f"{batch_norm_of(network)!r}; allowed are episode and support"
        )
    changed = copy.deepcopy(network)
    set_batch_norm(changed, mode)
    return changed


@torch.no_grad()
def estimate_statistics(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Replaces running statistics by the average over batches of images: for networks trained in another mode.

    Dropout is off. The network's modes stay as they are. Raises ValueError without a batch.
    """
    norms, training = _batch_norms(network), network.training
    modes = [norm.mode for norm in norms]
    network.eval()
    number = 0
    try:
        for norm in norms:
            norm.train()
            norm.mode = "running"
        for number, images in enumerate(batches, 1):
            for norm in norms:
                norm.momentum = 1 / number
            network(images)
    finally:
        for norm, mode in zip(norms, modes, strict=True):
            norm.mode, norm.momentum = mode, _MOMENTUM
        network.train(training)
    if not number:
        raise ValueError("number of batches is 0; allowed are 1 and more")


def _is_initial(norm: BatchNorm) -> bool:
    return not norm.running_mean.any() and bool((norm.running_var == 1).all())


def _batch_norms(network: nn.Module) -> list[BatchNorm]:
    return [module for module in network.modules() if isinstance(module, BatchNorm)]
