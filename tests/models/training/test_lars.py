"""LARS against a float64 reference written from its formula, against lightly's, and what it spares."""

import importlib.util
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.optim import SGD, Optimizer

from models.training.lars import LARS, is_vector
from models.training.optimizers import OptimizerSettings

RATE, MOMENTUM, DECAY, TRUST = 0.3, 0.9, 1e-2, 1e-3
STEPS = 12


def network(dtype: torch.dtype = torch.float64) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2)).to(dtype)


def batches(dtype: torch.dtype = torch.float64) -> Iterator[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    for _ in range(STEPS):
        yield torch.randn(8, 3, 5, 5, generator=generator, dtype=torch.float64).to(dtype)


def trained(optimizer: Optimizer, model: nn.Module, dtype: torch.dtype = torch.float64) -> nn.Module:
    for images in batches(dtype):
        optimizer.zero_grad()
        model(images).square().mean().backward()
        optimizer.step()
    return model


def lars(model: nn.Module, **changed: Any) -> LARS:
    return LARS(model.parameters(), RATE, **{"momentum": MOMENTUM, "weight_decay": DECAY, "trust": TRUST} | changed)


def by_formula(weights: list[NDArray[Any]], velocities: list[NDArray[Any]], gradients: list[NDArray[Any]]) -> None:
    for weight, velocity, gradient in zip(weights, velocities, gradients, strict=True):
        change = gradient
        if weight.ndim >= 2:
            length, steepness = np.sqrt((weight**2).sum()), np.sqrt((gradient**2).sum())
            change = TRUST * length / (steepness + DECAY * length + 1e-8) * (gradient + DECAY * weight)
        velocity[...] = MOMENTUM * velocity + change
        weight -= RATE * velocity


def test_steps_equal_the_formula_in_float64() -> None:
    model, reference = network(), network()
    trained(lars(model), model)
    weights = [one.detach().numpy() for one in reference.parameters()]  # share memory with the model
    velocities = [np.zeros_like(one) for one in weights]
    for images in batches():
        reference.zero_grad()
        reference(images).square().mean().backward()
        by_formula(weights, velocities, [one.grad.numpy() for one in reference.parameters() if one.grad is not None])
    for found, expected in zip(model.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


def test_vectors_move_as_by_plain_momentum() -> None:
    vectors = nn.ParameterList([torch.randn(5), torch.randn(())])
    found, expected = deepcopy(vectors), deepcopy(vectors)
    mine, plain = lars(found), SGD(expected.parameters(), RATE, momentum=MOMENTUM)
    for _ in range(3):
        for parameters, optimizer in ((found, mine), (expected, plain)):
            optimizer.zero_grad()
            sum(one.exp().sum() for one in parameters).backward()
            optimizer.step()
    torch.testing.assert_close(list(found), list(expected))


def test_parameters_are_spared_by_their_axes() -> None:
    named = dict(network().named_parameters())
    assert [name for name, one in named.items() if is_vector(one)] == ["0.bias", "1.weight", "1.bias", "4.bias"]


def test_zeros_move_too_and_gradients_of_zeros_move_nothing() -> None:
    weights = nn.ParameterList([torch.zeros(2, 2), torch.ones(2, 2), torch.ones(2, 2)])
    optimizer = lars(weights)
    weights[0].grad, weights[1].grad = torch.ones(2, 2), torch.zeros(2, 2)
    optimizer.step()
    assert weights[0].equal(torch.full((2, 2), -RATE))
    assert weights[1].equal(torch.ones(2, 2))
    assert weights[2].equal(torch.ones(2, 2))  # without a gradient


def test_a_state_that_is_loaded_goes_on_alike() -> None:
    model = network()
    optimizer = lars(model)
    trained(optimizer, model)
    other = deepcopy(model)
    resumed = lars(other, momentum=0.5)
    resumed.load_state_dict(deepcopy(optimizer.state_dict()))
    trained(optimizer, model)
    trained(resumed, other)
    assert all(map(torch.equal, model.parameters(), other.parameters()))


def test_a_closure_computes_gradients() -> None:
    weight = nn.Parameter(torch.ones(2, 2))
    optimizer = LARS([weight], RATE)

    def closure() -> float:
        loss = weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()

    assert optimizer.step(closure) == 4
    assert weight.max() < 1


def test_settings_build_it() -> None:
    settings = OptimizerSettings(optimizer="lars", learning_rate=RATE, weight_decay=DECAY, schedule="constant")
    found, expected = network(), network()
    trained(settings.build(found.parameters(), 1).optimizer, found)
    trained(lars(expected), expected)
    assert all(map(torch.equal, found.parameters(), expected.parameters()))


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_other_optimizers_spare_vectors_if_asked(optimizer: Any) -> None:
    settings = OptimizerSettings(optimizer=optimizer, weight_decay=DECAY, decay_vectors=False)
    model = network()
    groups = settings.build(model.parameters(), 1).optimizer.param_groups
    decayed = {id(one) for group in groups if group["weight_decay"] for one in group["params"]}
    assert decayed == {id(one) for one in model.parameters() if one.dim() >= 2}
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


def test_steps_equal_those_of_lightly() -> None:
    spec = importlib.util.find_spec("lightly")
    if spec is None or spec.origin is None:
        pytest.skip("lightly is not installed")
    path = Path(spec.origin).parent / "utils" / "lars.py"
    loaded = importlib.util.spec_from_file_location("lightly_lars", path)  # lightly itself needs torchvision
    assert loaded is not None
    assert loaded.loader is not None
    module = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(module)
    found, expected = network(), network()
    groups = [
        {"params": [one for one in expected.parameters() if one.dim() >= 2], "weight_decay": DECAY},
        {"params": [one for one in expected.parameters() if one.dim() < 2], "weight_decay": 0.0},
    ]
    theirs = module.LARS(groups, lr=RATE, momentum=MOMENTUM, trust_coefficient=TRUST)
    trained(lars(found), found)
    trained(theirs, expected)
    for mine, other in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)
