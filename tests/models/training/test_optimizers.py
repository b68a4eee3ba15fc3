"""Optimizers and schedules: the rate of every epoch, by hand."""

import pytest
import torch
from torch import nn

from models.training.optimizers import Schedule, make_optimizer


def rates(schedule: Schedule, epochs: int, learning_rate: float | None = None) -> list[float]:
    optimizer, scheduler = make_optimizer([nn.Parameter(torch.ones(1))], schedule, epochs, learning_rate)
    seen = []
    for _ in range(epochs):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


def test_cifar_schedule_of_200_epochs_falls_every_60() -> None:
    seen = rates("cifar", 200)
    expected = [1e-3] * 60 + [1e-4] * 60 + [1e-5] * 60 + [1e-6] * 20
    assert seen == pytest.approx(expected)


def test_imagenet_schedule_of_60_epochs_falls_at_20_40_and_50() -> None:
    assert rates("imagenet", 60) == pytest.approx([1e-2] * 20 + [1e-3] * 20 + [1e-4] * 10 + [1e-5] * 10)
    optimizer, _ = make_optimizer([nn.Parameter(torch.ones(1))], "imagenet", 60, None)
    assert isinstance(optimizer, torch.optim.SGD)
    assert (optimizer.defaults["momentum"], optimizer.defaults["weight_decay"]) == (0.9, 1e-4)


def test_cosine_starts_at_the_given_rate_and_nears_0() -> None:
    seen = rates("cosine", 10, 0.5)
    assert seen[0] == 0.5
    assert seen == sorted(seen, reverse=True)
    assert 0 < seen[-1] < 0.02


@pytest.mark.parametrize("schedule", ["cifar", "imagenet", "cosine"])
@pytest.mark.parametrize("epochs", [1, 2, 3, 5])
def test_a_short_run_starts_at_the_given_rate_too(schedule: Schedule, epochs: int) -> None:
    seen = rates(schedule, epochs, 0.5)
    assert seen[0] == 0.5
    assert seen == sorted(seen, reverse=True)
