"""Optimizers with their learning-rate schedules, by name."""

from collections.abc import Iterable
from typing import Literal

from torch import nn
from torch.optim import SGD, Adam, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, MultiStepLR

Schedule = Literal["cosine", "cifar", "imagenet"]

_LEARNING_RATES: dict[str, float] = {"cosine": 1e-3, "cifar": 1e-3, "imagenet": 1e-2}


def make_optimizer(
    parameters: Iterable[nn.Parameter], schedule: Schedule, epochs: int, learning_rate: float | None
) -> tuple[Optimizer, LRScheduler]:
    """An optimizer, and a scheduler to step after every epoch.

    cosine: Adam, the rate falls to 0 as a cosine. cifar: Adam, the rate falls to a tenth at 3, 6 and 9 tenths of the
    epochs (60, 120 and 180 of 200). imagenet: SGD with momentum 0.9 and weight decay 1e-4; a tenth at 2, 4 and 5
    sixths (20, 40, 50 of 60). Section 2.6.2.3. learning_rate: None for the schedule's own, 1e-3 for Adam and 1e-2
    for SGD.
    """
    rate = _LEARNING_RATES[schedule] if learning_rate is None else learning_rate
    if schedule == "imagenet":
        optimizer: Optimizer = SGD(parameters, rate, momentum=0.9, weight_decay=1e-4)
        return optimizer, _tenth_at(optimizer, epochs, (2 / 6, 4 / 6, 5 / 6))
    optimizer = Adam(parameters, rate)
    if schedule == "cifar":
        return optimizer, _tenth_at(optimizer, epochs, (0.3, 0.6, 0.9))
    return optimizer, CosineAnnealingLR(optimizer, epochs)


def _tenth_at(optimizer: Optimizer, epochs: int, shares: tuple[float, ...]) -> LRScheduler:
    """A tenth of the rate from each of these shares of the epochs on, but never from the start, nor twice at once."""
    return MultiStepLR(optimizer, sorted({max(1, round(epochs * share)) for share in shares}))
