"""Yogi against its formula in NumPy, and beside Adam where they have to differ."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from models.training.optimizers import OptimizerSettings
from models.training.yogi import Yogi

RATE, STEPS = 0.05, 15


def test_steps_are_those_of_the_formula() -> None:
    generator = np.random.default_rng(0)
    start, gradients = (
        generator.normal(size=(3, 4)),
        generator.normal(size=(STEPS, 3, 4)) * np.linspace(3, 0.1, STEPS)[:, None, None],
    )
    weight, mean, square = start.copy(), np.zeros((3, 4)), np.full((3, 4), 1e-6)
    parameter = nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = Yogi([parameter], RATE)
    for one in gradients:
        mean = 0.9 * mean + 0.1 * one
        square = square - 0.01 * np.sign(square - one**2) * one**2
        weight = weight - RATE * mean / (np.sqrt(square) + 1e-3)
        parameter.grad = torch.from_numpy(one)
        optimizer.step()
        np.testing.assert_allclose(parameter.detach().numpy(), weight, rtol=1e-12)


def test_small_gradients_after_large_ones_are_not_forgotten_at_once() -> None:
    """Adam's second moment falls by a share of itself, Yogi's by a share of the small squared gradient."""
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = Yogi([parameter], RATE)
    squares = []
    for gradient in [10.0] * 50 + [0.1] * 50:
        parameter.grad = torch.tensor([gradient])
        optimizer.step()
        squares.append(optimizer.state[parameter]["square"].item())
    assert squares[49] - squares[-1] == pytest.approx(50 * 0.01 * 0.1**2, rel=1e-2)


def test_a_restored_state_goes_on_with_the_same_steps() -> None:
    parameter = nn.Parameter(torch.ones(5))
    optimizer = Yogi([parameter], RATE)

    def steps(one: nn.Parameter, by: Yogi) -> None:
        for place in range(3):
            one.grad = one.detach() * (place + 1)
            by.step()

    steps(parameter, optimizer)
    other = nn.Parameter(parameter.detach().clone())
    resumed = Yogi([other], RATE)
    resumed.load_state_dict(deepcopy(optimizer.state_dict()))
    steps(parameter, optimizer)
    steps(other, resumed)
    assert torch.equal(parameter, other)


def test_settings_build_it_and_refuse_what_it_has_not() -> None:
    built = OptimizerSettings(optimizer="yogi", learning_rate=RATE).build(nn.Linear(2, 2), 10)
    assert isinstance(built.optimizer, Yogi)
    with pytest.raises(ValueError, match=r"weight_decay is 0\.1; yogi has none"):
        OptimizerSettings(optimizer="yogi", weight_decay=0.1)
