"""A moving average of a model, kept in checkpoints beside it."""

import copy

import torch
from torch import nn

_EARLY = 10


class MovingAverage(nn.Module):
    """A copy of a model whose weights and statistics follow those of the model; it is never trained.

    decay: share of the average that a step keeps, 0 to below 1. Early steps keep less, (1 + n) / (10 + n) after n
    steps, as the first weights are random. A method lists the average among its models and calls `follow` in
    `after_step`.

    Raises ValueError for another decay.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay of a moving average is {decay}; allowed are 0 to below 1")
        super().__init__()
        self.decay = decay
        self.model = copy.deepcopy(model).requires_grad_(False)

    @torch.no_grad()
    def follow(self, model: nn.Module, step: int) -> None:
        """Moves towards the model after step number `step`, from 1 on. Integers, as counts of batches, are copied."""
        kept = min(self.decay, (1 + step) / (_EARLY + step))
        pairs = list(zip(self.model.state_dict().values(), model.state_dict().values(), strict=True))
        floats = [pair for pair in pairs if pair[0].is_floating_point()]
        torch._foreach_lerp_([mine for mine, _ in floats], [theirs for _, theirs in floats], 1 - kept)
        for mine, theirs in pairs:
            if not mine.is_floating_point():
                mine.copy_(theirs)
