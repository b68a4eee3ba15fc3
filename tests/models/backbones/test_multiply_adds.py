"""Multiply-adds of networks, against counts by hand."""

import pytest
import torch
from torch import Tensor, nn

from models.backbones.multiply_adds import multiply_adds
from models.backbones.options import NetworkOptions
from models.backbones.registry import NETWORKS, build_network


class Attention(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        tokens = maps.flatten(2).transpose(1, 2)
        return nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (nn.Conv2d(3, 8, 3, padding=1), 5 * 7 * 8 * 27),
        (nn.Conv2d(3, 6, (3, 1), stride=2, groups=3), 2 * 4 * 6 * 3),
        (nn.ConvTranspose2d(3, 4, 2, stride=2), 5 * 7 * 3 * 4 * 4),
        (nn.Linear(7, 11), 3 * 5 * 7 * 11),
        (nn.Linear(7, 11, bias=False), 3 * 5 * 7 * 11),
        (Attention(), 2 * 35 * 35 * 3),
        (nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.AvgPool2d(2)), 0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_operations_by_hand(model: nn.Module, expected: int) -> None:
    assert multiply_adds(model, 5, 7) == expected


@pytest.mark.parametrize(("name", "products"), [("resnet18", 1.814e9), ("resnet50", 4.089e9)])
def test_residual_networks_need_the_published_number(name: str, products: float) -> None:
    with torch.device("meta"):
        network = build_network(name, NetworkOptions(classes=1000))
    assert multiply_adds(network, *NETWORKS[name].image_shape[1:]) == pytest.approx(products, rel=0.002)


def test_a_layer_that_runs_twice_counts_twice_and_one_that_never_runs_does_not() -> None:
    layer = nn.Conv2d(3, 3, 1)
    twice = nn.Sequential(layer, layer)
    assert multiply_adds(twice, 4, 4) == 2 * multiply_adds(layer, 4, 4)
    twice.add_module("2", nn.Identity())
    twice.idle = nn.Linear(100, 100)
    twice.forward = nn.Sequential(layer, layer).forward
    assert multiply_adds(twice, 4, 4) == 2 * multiply_adds(layer, 4, 4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_model_stays_as_it_is(dtype: torch.dtype) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout()).to(dtype)
    model[2].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    multiply_adds(model, 8, 8)
    assert [module.training for module in model.modules()] == [True, True, True, False]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_sizes_below_1_are_refused() -> None:
    with pytest.raises(ValueError, match="width is 0; allowed is an integer of at least 1"):
        multiply_adds(nn.Conv2d(3, 4, 1), 8, 0)
