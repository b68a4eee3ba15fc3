"""Filter-normalised distances against loops over the filters."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck

from models.fewshot.measures import filter_normalised_distance


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 5)).double()


def others_of(parameters: dict[str, Tensor], count: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        name: value.detach() + torch.randn(count, *value.shape, dtype=value.dtype, generator=generator)
        for name, value in parameters.items()
    }


def test_it_equals_a_loop_over_filters() -> None:
    parameters = dict(network().named_parameters())
    others = others_of(parameters, 4)
    expected = np.zeros(4)
    for name in ("0.weight", "3.weight"):
        for number, weights in enumerate(parameters[name].detach().numpy()):
            for other in range(4):
                change = others[name][other, number].numpy() - weights
                expected[other] += np.sum(change**2) / np.sum(weights**2)
    np.testing.assert_allclose(filter_normalised_distance(parameters, others).detach().numpy(), expected, rtol=1e-12)


def test_scale_of_a_filter_and_biases_do_not_matter() -> None:
    parameters = {name: value.detach() for name, value in network().named_parameters()}
    others = others_of(parameters, 3)
    expected = filter_normalised_distance(parameters, others)
    scales = torch.tensor([2.0, 0.1, 7.0], dtype=torch.float64)[:, None, None, None]
    scaled = {**parameters, "0.weight": parameters["0.weight"] * scales, "3.bias": parameters["3.bias"] + 1}
    scaled_others = {**others, "0.weight": others["0.weight"] * scales}
    torch.testing.assert_close(filter_normalised_distance(scaled, scaled_others), expected)


def test_gradients_hold_the_norms_constant() -> None:
    weight = torch.randn(3, 4, dtype=torch.float64)
    others = {"weight": torch.randn(2, 3, 4, dtype=torch.float64).requires_grad_()}
    assert gradcheck(
        lambda other: filter_normalised_distance({"weight": weight}, {"weight": other}), [others["weight"]]
    )
    moving = weight.clone().requires_grad_()
    filter_normalised_distance({"weight": moving}, others).sum().backward()
    expected = 2 * (weight - others["weight"].detach()).sum(0) / weight.square().sum(1, keepdim=True)
    torch.testing.assert_close(moving.grad, expected)


@pytest.mark.parametrize(
    ("parameters", "others", "message"),
    [
        ({"bias": torch.ones(3)}, {"bias": torch.ones(1, 3)}, "parameters bias hold no filters"),
        ({"w": torch.ones(2, 2)}, {}, r"parameter w of the others is missing; allowed is \(others, \*\(2, 2\)\)"),
        ({"w": torch.ones(2, 2)}, {"w": torch.ones(2, 2)}, r"parameter w of the others is \(2, 2\); allowed is"),
        ({"w": torch.eye(2).tril(-1)}, {"w": torch.ones(1, 2, 2)}, "filter 0 of w is zero: no change compares to it"),
    ],
)
def test_networks_that_do_not_fit_are_named(
    parameters: dict[str, Tensor], others: dict[str, Tensor], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        filter_normalised_distance(parameters, others)
