"""Folded backbones give what the networks gave, borders included."""

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from models.attention.backbones.folding import fold
from models.attention.backbones.norms import LayerScale
from models.attention.backbones.staged import StagedNetwork
from tests.support.backbones import lived_in, small


def count(network: nn.Module, kind: type[nn.Module]) -> int:
    return sum(isinstance(module, kind) for module in network.modules())


def assert_same(folded: StagedNetwork, network: StagedNetwork, tolerance: float, dtype: torch.dtype) -> None:
    images = torch.randn(2, 3, 45, 70, dtype=dtype)
    with torch.no_grad():
        pairs = [
            *zip(folded.features(images), network.features(images), strict=True),
            (folded(images), network(images)),
        ]
    for found, expected in pairs:
        assert (found - expected).abs().max() <= tolerance * expected.abs().max()


@pytest.mark.parametrize(
    ("name", "options", "norms", "scales"),
    [
        ("s12", {}, 0, 0),
        ("s12", {"norm": "ln"}, 0, 0),
        ("s12", {"norm": "bn"}, 0, 0),
        ("s12", {"norm": "bn", "mixers": "PPAA"}, 0, 4),
        ("s12", {"norm": "bn", "mixers": "PWXR"}, 10, 2),
        ("s12", {"layer_scale": 0.0}, 0, 0),
        ("nextvit-s", {}, 0, 0),
        ("nextvit-s-lsa", {}, 0, 0),
        ("nextvit-s-lsa", {"norm": "bn"}, 0, 0),
    ],
)
def test_folding_changes_nothing_but_rounding(name: str, options: dict[str, object], norms: int, scales: int) -> None:
    network = lived_in(small(name, **options)).double()
    folded = fold(network)
    assert (count(folded, _BatchNorm), count(folded, LayerScale)) == (norms, scales)
    assert_same(folded, network, 1e-12, torch.float64)


@pytest.mark.parametrize("name", ["s12", "nextvit-s", "nextvit-s-lsa"])
def test_folding_in_single_precision(name: str) -> None:
    network = lived_in(small(name))
    assert_same(fold(network), network, 1e-5, torch.float32)


def test_a_block_of_depthwise_convolution_becomes_one_convolution_and_its_mlp() -> None:
    folded = fold(lived_in(small("s12")))
    second_of_stage_1, first_of_stage_2 = folded.stages[0][1], folded.stages[1][1]
    assert type(second_of_stage_1.mixer) is nn.Conv2d
    assert type(first_of_stage_2.mixer) is nn.Conv2d


def test_a_shift_that_would_cost_precision_is_not_merged() -> None:
    network = lived_in(small("s12"))
    with torch.no_grad():
        network.stages[0][1].mixer.norm.weight[0] = 0
        network.stages[1][1].mixer.norm.weight[0] = 1e-4
    network.double()
    folded = fold(network)
    assert count(folded, _BatchNorm) == 2
    assert_same(folded, network, 1e-12, torch.float64)


def test_the_network_itself_stays_as_it_is() -> None:
    network = lived_in(small("s12")).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    folded = fold(network)
    assert network.training
    assert not folded.training
    assert not any(parameter.requires_grad for parameter in folded.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
