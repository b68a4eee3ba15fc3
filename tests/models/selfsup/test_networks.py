"""Networks of chapter 7: their sizes, stems and heads, and the target network."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import nn

from models.backbones.resnet_encoder import ResNetEncoder, resnet_encoder, stem_for
from models.selfsup.config import SelfSupConfig
from models.selfsup.networks import OnlineNetwork, stem_of
from models.selfsup.target import TargetNetwork, momentum_at

VIEWS = torch.randn(2, 4, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def online(**settings: Any) -> OnlineNetwork:
    return OnlineNetwork(SelfSupConfig(**{"width": 4, **settings}), 3, "cifar")


@pytest.mark.parametrize(
    ("name", "stem", "weights", "features"),
    [
        ("resnet18", "imagenet", 11_176_512, 512),  # torchvision's without its classifier
        ("resnet50", "imagenet", 23_508_032, 2048),
        ("resnet18", "cifar", 11_176_512 - 64 * 3 * (49 - 9), 512),
        ("resnet50", "cifar", 23_508_032 - 64 * 3 * (49 - 9), 2048),
    ],
)
def test_encoders_have_the_published_number_of_weights(name: str, stem: str, weights: int, features: int) -> None:
    with torch.device("meta"):
        encoder = ResNetEncoder(name, stem, 3)  # type: ignore[arg-type]
    assert sum(one.numel() for one in encoder.parameters()) == weights
    assert encoder.features_dim == features


@pytest.mark.parametrize(("stem", "side"), [("cifar", 16), ("imagenet", 4)])
def test_the_stem_for_small_images_keeps_their_size(stem: str, side: int) -> None:
    maps = resnet_encoder("resnet18", stem, 1, width=2).first(torch.zeros(1, 1, 16, 16))
    assert maps.shape == (1, 2, side, side)


@pytest.mark.parametrize(("side", "stem"), [(8, "cifar"), (32, "cifar"), (64, "cifar"), (84, "imagenet")])
def test_the_stem_is_chosen_by_the_size_of_images(side: int, stem: str) -> None:
    shape = 3, side, side
    assert stem_for(shape) == stem_of(SelfSupConfig(), shape) == stem
    assert stem_of(SelfSupConfig(stem="imagenet"), shape) == "imagenet"


def test_initial_weights_depend_on_the_seed_alone() -> None:
    first, second, other = online(), online(), online(seed=1)
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))
    assert not first.encoder.state_dict()["first.convolution.weight"].equal(
        other.encoder.state_dict()["first.convolution.weight"]
    )


def test_the_projector_has_no_biases_and_no_last_shift() -> None:
    projector = online(projection=7).projector
    assert [tuple(one.shape) for one in projector.parameters() if one.dim() == 2] == [(32, 32), (7, 32)]
    assert [name for name, one in projector.named_parameters() if not one.requires_grad] == ["second_norm.bias"]
    assert not any(isinstance(one, nn.Linear) and one.bias is not None for one in projector)
    assert not projector.second_norm.bias.any()


def test_byol_has_mlps_of_2048_and_256() -> None:
    network = online(learner="byol")
    assert network.predictor is not None
    shapes = [
        [tuple(one.weight.shape) for one in part if isinstance(one, nn.Linear)]
        for part in (network.projector, network.predictor)
    ]
    assert shapes == [[(2048, 32), (256, 2048)], [(2048, 256), (256, 2048)]]


def test_views_and_copies_become_projections_and_turns() -> None:
    found = online(rotation="both", projection=7)(VIEWS, VIEWS[0])
    assert found.projections.shape == (2, 4, 7)
    assert found.turns is not None
    assert found.turns.shape == (4, 4)
    assert online()(VIEWS).turns is None


def test_copies_leave_the_projections_of_views_as_they_are() -> None:
    with_copies, without = (online(rotation="auxiliary")(VIEWS, copies) for copies in (VIEWS[1] * 5, None))
    assert with_copies.projections.equal(without.projections)


@pytest.mark.parametrize("learned", [False, True])
def test_the_logit_scale_is_learned_if_asked(learned: bool) -> None:
    network = online(logit_scale=3.0, learn_logit_scale=learned)
    assert network(VIEWS).logit_scale == 3
    assert ("logit_scale" in dict(network.named_parameters())) == learned


def test_momentum_rises_as_a_cosine() -> None:
    assert momentum_at(0, 100, 0.99) == 0.99
    assert momentum_at(50, 100, 0.99) == pytest.approx(0.995)
    assert momentum_at(25, 100, 0.9) == pytest.approx(1 - 0.1 * (math.sqrt(0.5) + 1) / 2)
    assert momentum_at(100, 100, 0.99) == 1
    assert [momentum_at(step, 7, 1.0) for step in range(8)] == [1.0] * 8


def test_the_target_starts_as_a_copy_and_takes_no_gradient() -> None:
    network = online(learner="byol", hidden=8)
    target = TargetNetwork(network)
    projections = target(VIEWS)
    expected = network.projector(network.encoder(VIEWS.flatten(0, 1))).view(2, 4, -1)
    torch.testing.assert_close(projections, expected)
    assert not projections.requires_grad
    assert not any(one.requires_grad for one in target.parameters())


def test_the_target_follows_parameters_and_statistics() -> None:
    network = online(learner="byol", hidden=8)
    target = TargetNetwork(network)
    before = {name: one.clone() for name, one in target.state_dict().items()}
    network(VIEWS)  # moves statistics
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1)
    target.follow(network, 0.75)
    theirs = network.state_dict()
    for name, one in target.state_dict().items():
        if one.is_floating_point():
            torch.testing.assert_close(one, 0.75 * before[name] + 0.25 * theirs[name])
    assert not torch.equal(target.encoder.first.norm.running_mean, before["encoder.first.norm.running_mean"])


def test_a_target_of_momentum_1_stays() -> None:
    network = online(learner="byol", hidden=8)
    target = TargetNetwork(network)
    before = copy.deepcopy(target.state_dict())
    for _ in range(2):
        network(VIEWS)
        target(VIEWS)
        target.follow(network, 1.0)
    assert all(map(torch.equal, target.state_dict().values(), before.values()))


def test_unknown_names_and_impossible_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="encoder is 'vgg7'; allowed are resnet18, resnet50"):
        resnet_encoder("vgg7", "cifar", 3)
    with pytest.raises(ValueError, match="stem is '5x5'; allowed are cifar, imagenet"):
        resnet_encoder("resnet18", "5x5", 3)
    with pytest.raises(ValueError, match="width is 0"):
        resnet_encoder("resnet18", "cifar", 3, width=0)
    with pytest.raises(ValueError, match="encoder resnet18 of width 1000000"):
        resnet_encoder("resnet18", "cifar", 3, width=1_000_000)
