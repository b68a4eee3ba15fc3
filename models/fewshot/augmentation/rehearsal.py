"""Features of candidates without a trace in the training: the passes by which Meta-MaxUp chooses."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from models.backbones.batch_norm import BatchNorm
from models.backbones.drop_block import DropBlock
from models.training.seeds import random_state_kept

_DROPS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, DropBlock)


class Rehearsal:
    """An encoder in training, whose features of an image depend on nothing but the image and its slot.

    Batch norms take the statistics of the images given first, `observed`, for all that follow. Dropout has one mask for
    each slot, a task and one of its support or query images: the mask that training is about to draw, if all tasks have
    as many images. Frozen batch norms and dropout that is switched off stay so.
    """

    def __init__(self, encoder: nn.Module, slots: int) -> None:
        self.encoder = encoder
        self.norms = [module for module in encoder.modules() if _has_statistics(module) and module.training]
        self._masks: dict[nn.Module, Tensor] = {}
        self._slots = slots
        self._current = torch.empty(0, dtype=torch.int64)

    def observed(self, images: Tensor, slots: Tensor) -> Tensor:
        """The features (n, d) of images, whose statistics later ones are normalised by."""
        hooks = [norm.register_forward_pre_hook(_take_statistics) for norm in self.norms]
        try:
            for norm in self.norms:
                norm.eval()
            return self.features(images, slots)
        finally:
            for hook in hooks:
                hook.remove()

    def features(self, images: Tensor, slots: Tensor) -> Tensor:
        """The features (n, d) of images (n, channels, height, width) in slots (n,), int64 on their device."""
        self._current = slots
        features: Tensor = self.encoder(images)
        return features

    def masked(self, drop: nn.Module, values: Tensor) -> Tensor:
        """What a dropout makes of values in the current slots."""
        if not drop.training:
            return values
        if drop not in self._masks:
            ones = torch.ones(self._slots, *values.shape[1:], dtype=values.dtype, device=values.device)
            self._masks[drop] = type(drop).forward(drop, ones)
        return values * self._masks[drop][self._current]


@contextmanager
def rehearsing(encoder: nn.Module, slots: int) -> Iterator[Rehearsal]:
    """A rehearsal with an encoder, after which its buffers, counters and torch's generators are as before.

    slots: support and query images of all tasks.
    """
    rehearsal = Rehearsal(encoder, slots)
    buffers = [(buffer, buffer.clone()) for buffer in encoder.buffers()]
    counters = [(module, module.get_extra_state()) for module in encoder.modules() if isinstance(module, DropBlock)]
    drops = [module for module in encoder.modules() if isinstance(module, _DROPS)]
    try:
        for drop in drops:
            drop.forward = partial(rehearsal.masked, drop)  # type: ignore[method-assign]
        with torch.no_grad(), random_state_kept():
            yield rehearsal
    finally:
        for drop in drops:
            del drop.forward
        for norm in rehearsal.norms:
            norm.train()
        for buffer, kept in buffers:
            buffer.copy_(kept)
        for module, state in counters:
            module.set_extra_state(state)


def _has_statistics(module: nn.Module) -> bool:
    return isinstance(module, BatchNorm | _BatchNorm)


def _take_statistics(norm: Any, arguments: tuple[Tensor, ...]) -> None:
    values = arguments[0].to(norm.running_mean.dtype)
    variance, mean = torch.var_mean(values, [0, *range(2, values.dim())], correction=0)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
