"""Backbones in timm, and the original Next-ViT against timm's."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from models.attention.backbones.architectures import ARCHITECTURES
from models.attention.backbones.registry import backbone
from models.attention.backbones.timm_registration import register_in_timm
from tests.support.backbones import lived_in, small
from tests.support.packages import need_timm

timm: Any = need_timm()
register_in_timm()

QUARTER = {"width": 0.25, "length": 16}


def test_all_backbones_are_registered() -> None:
    names = [f"wrapmac_{name.replace('-', '_')}" for name in ARCHITECTURES]
    assert set(timm.list_models("wrapmac_*")) == set(names)
    config = timm.data.resolve_data_config(model=timm.create_model("wrapmac_s12", **QUARTER))
    assert config["input_size"] == (3, 224, 224)


@pytest.mark.parametrize("name", ["s12", "nextvit-s", "nextvit-s-lsa"])
def test_models_of_timm_are_our_backbones(name: str) -> None:
    ours, images = lived_in(small(name)), torch.rand(2, 3, 64, 50)
    model = timm.create_model(f"wrapmac_{name.replace('-', '_')}", num_classes=5, **QUARTER).eval()
    model.load_state_dict(ours.state_dict())
    assert torch.equal(model(images), ours(images))
    assert torch.equal(model.forward_head(model.forward_features(images)), ours(images))
    assert model.forward_head(model.forward_features(images), pre_logits=True).shape == (2, model.num_features)
    last, middle = model.forward_intermediates(images, indices=[1, -1])
    for found, expected in zip(
        (middle[0], middle[1], last), [ours.features(images)[at] for at in (1, 3, 3)], strict=True
    ):
        assert torch.equal(found, expected)


def test_features_only_has_no_other_parameters() -> None:
    model = timm.create_model("wrapmac_s12", features_only=True, out_indices=(0, 2), **QUARTER)
    assert model.feature_info.channels() == [16, 80]
    assert model.feature_info.reduction() == [4, 16]
    maps = model(torch.rand(1, 3, 64, 50))
    assert [one.shape for one in maps] == [(1, 16, 16, 13), (1, 80, 4, 4)]
    sum(one.sum() for one in maps).backward()
    assert not [name for name, parameter in model.named_parameters() if parameter.grad is None]


def test_classifiers_are_replaced_and_decay_spares_tables() -> None:
    model = timm.create_model("wrapmac_s12", num_classes=5, drop_path_rate=0.1, **QUARTER)
    model.reset_classifier(7)
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, 7)
    assert model.get_classifier().out_features == model.num_classes == 7
    model.reset_classifier(0)
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, 128)
    assert any(name.endswith("position_bias.table") for name in model.no_weight_decay())
    model.set_grad_checkpointing()
    assert model.checkpointing


def test_other_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="in_chans is 1, global_pool 'avg'; allowed are 3 and 'avg'"):
        timm.create_model("wrapmac_s12", in_chans=1)


def in_order(network: nn.Module, images: Tensor) -> tuple[list[nn.Module], list[nn.Module]]:
    """Layers with weights as they run: batch norms, and all others."""
    norms: list[nn.Module] = []
    others: list[nn.Module] = []

    def note(module: nn.Module, *_: object) -> None:
        (norms if isinstance(module, _BatchNorm) else others).append(module)

    leaves = [module for module in network.modules() if isinstance(getattr(module, "weight", None), nn.Parameter)]
    hooks = [module.register_forward_hook(note) for module in leaves]
    network(images)
    for hook in hooks:
        hook.remove()
    return norms, others


@pytest.mark.skipif(not timm.is_model("nextvit_small"), reason="this timm has no Next-ViT")
@torch.no_grad()
def test_the_original_next_vit_is_that_of_timm() -> None:
    theirs = timm.create_model("nextvit_small", num_classes=5).eval()
    ours, images = lived_in(backbone("nextvit-s", classes=5)).eval(), torch.randn(1, 3, 64, 64)
    assert sum(one.numel() for one in ours.parameters()) == sum(one.numel() for one in theirs.parameters())
    for own, other in zip(in_order(ours, images), in_order(theirs, images), strict=True):
        for source, target in zip(own, other, strict=True):
            for key, tensor in source.state_dict().items():
                target.state_dict()[key].copy_(tensor.view_as(target.state_dict()[key]))
    found, expected = theirs.double()(images.double()), ours.double()(images.double())
    assert torch.allclose(found, expected, rtol=1e-9, atol=0)
