"""The recipes of section 2.6.2.3: optimizers, and the rate of every epoch."""

import pytest
import torch
from torch import nn

from models.wrapnet.recipes import Recipe, recipe


def rates(name: Recipe, epochs: int) -> list[float]:
    scheduled = recipe(name, None).build([nn.Parameter(torch.ones(1))], epochs)
    seen = []
    for _ in range(epochs):
        seen.append(scheduled.optimizer.param_groups[0]["lr"])
        scheduled.optimizer.step()
        scheduled.scheduler.step()
    return seen


def test_cifar_of_200_epochs_falls_every_60() -> None:
    expected = [1e-3] * 60 + [1e-4] * 60 + [1e-5] * 60 + [1e-6] * 20
    assert rates("cifar", 200) == pytest.approx(expected)


def test_imagenet_of_60_epochs_falls_at_20_40_and_50() -> None:
    assert rates("imagenet", 60) == pytest.approx([1e-2] * 20 + [1e-3] * 20 + [1e-4] * 10 + [1e-5] * 10)
    optimizer = recipe("imagenet", None).build([nn.Parameter(torch.ones(1))], 60).optimizer
    assert isinstance(optimizer, torch.optim.SGD)
    assert (optimizer.defaults["momentum"], optimizer.defaults["weight_decay"]) == (0.9, 1e-4)


def test_a_learning_rate_takes_the_place_of_the_recipes_own() -> None:
    assert (recipe("cosine", None).learning_rate, recipe("cosine", 0.5).learning_rate) == (1e-3, 0.5)
