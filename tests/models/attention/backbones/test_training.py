"""What training asks of backbones: checkpointing, stochastic depth, gradients everywhere, weights of other sizes."""

import copy

import pytest
import torch
from torch import Tensor, nn

from models.attention.backbones.drop_path import DropPath
from models.attention.backbones.loading import load_weights
from models.attention.backbones.staged import StagedNetwork
from tests.support.backbones import lived_in, small


def gradients(network: StagedNetwork, images: Tensor) -> dict[str, Tensor | None]:
    torch.manual_seed(7)  # of stochastic depth
    network.zero_grad()
    network(images).square().mean().backward()
    return {name: parameter.grad for name, parameter in network.named_parameters()}


@pytest.mark.parametrize("name", ["s12", "nextvit-s", "nextvit-s-lsa"])
def test_checkpointing_gives_the_same_gradients_and_statistics(name: str) -> None:
    plain = lived_in(small(name, drop_path=0.3)).double().train()
    saving = copy.deepcopy(plain)
    saving.checkpointing = True
    images = torch.randn(2, 3, 33, 50, dtype=torch.float64)
    expected, found = gradients(plain, images), gradients(saving, images)
    for key, gradient in expected.items():
        assert gradient is not None, f"{key} has no gradient"
        assert torch.equal(found[key], gradient), key
    assert all(torch.equal(tensor, saving.state_dict()[key]) for key, tensor in plain.state_dict().items())


def test_checkpointing_keeps_less_for_the_gradients() -> None:
    def kept(network: StagedNetwork) -> int:
        held: dict[int, int] = {}

        def pack(tensor: Tensor) -> Tensor:
            held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            network(torch.randn(1, 3, 96, 96)).sum()
        return sum(held.values())

    network = small("s12").train()
    plain = kept(network)
    network.checkpointing = True
    assert kept(network) < plain / 3


@pytest.mark.parametrize("name", ["s12", "nextvit-s", "nextvit-s-lsa"])
def test_features_of_a_headless_network_use_every_parameter(name: str) -> None:
    network = small(name, classes=None).train()
    sum(maps.sum() for maps in network.features(torch.randn(2, 3, 64, 64))).backward()
    assert not [key for key, parameter in network.named_parameters() if parameter.grad is None]


def test_drop_path_drops_whole_samples_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    dropped = DropPath(0.25)(torch.ones(20_000, 2, 1, 3))
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert (dropped == dropped[:, :1, :, :1]).all()
    assert dropped.mean().item() == pytest.approx(1, abs=0.01)
    assert (DropPath(0.25).eval()(torch.ones(9, 1, 1, 1)) == 1).all()


def test_stochastic_depth_grows_with_the_depth() -> None:
    network = small("s12", drop_path=0.22)
    rates = [
        block.mixer.drop.rate
        for stage in network.stages
        for block in stage
        if hasattr(block, "mixer") and isinstance(block.mixer.drop, DropPath)
    ]
    assert rates == pytest.approx([0.02 * place for place in range(1, 12)])


def test_weights_load_whatever_the_resolution_and_length() -> None:
    trained = lived_in(small("s12", length=16))
    same, shorter, longer = (small("s12", length=length, seed=1) for length in (16, 9, 25))
    for network in (same, shorter, longer):
        load_weights(network, trained.state_dict())
        for size in ((64, 64), (96, 33)):
            assert network(torch.rand(1, 3, *size)).isfinite().all()
    images = torch.rand(1, 3, 96, 160)
    assert torch.equal(same(images), trained(images))
    table = trained.state_dict()["stages.2.1.mixer.body.position_bias.table"]
    cut = shorter.state_dict()["stages.2.1.mixer.body.position_bias.table"]
    assert torch.equal(cut, table[:, 7:-7])
    tiny = torch.rand(1, 3, 32, 32)  # one token in stage 4 and 4 in stage 3, fewer than any length
    assert torch.allclose(shorter(tiny), trained(tiny), atol=1e-5)


def test_the_head_is_left_out_or_kept_where_the_classes_differ() -> None:
    trained = lived_in(small("s12"))
    headless, other = small("s12", classes=None, seed=1), small("s12", classes=9, seed=1)
    load_weights(headless, trained.state_dict())
    own = other.head.classifier.weight.clone()
    load_weights(other, trained.state_dict(), new_classifier=True)
    assert torch.equal(other.head.classifier.weight, own)
    images = torch.rand(1, 3, 64, 64)
    for network in (headless, other):
        assert torch.equal(network.features(images)[-1], trained.features(images)[-1])


def test_loading_on_the_meta_device_and_materialising_is_safe() -> None:
    trained, images = lived_in(small("s12", mixers="CWXL")), torch.rand(1, 3, 70, 50)
    with torch.device("meta"):
        empty: nn.Module = small("s12", mixers="CWXL")
    empty = empty.to_empty(device="cpu")
    assert isinstance(empty, StagedNetwork)
    load_weights(empty, trained.state_dict())
    assert torch.equal(empty.eval()(images), trained(images))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": 9}, r"'head.classifier.weight' has shape \(5, 128\), the network's \(9, 128\)"),
        ({"mixers": "CCCC"}, "weights are of another variant: they lack 'stages.2.1.mixer.body.bias' and "),
        ({"norm": "ln"}, "they hold, beyond the network's, 'stages.0.0.mixer.norm.num_batches_tracked' and 23 more"),
        ({"width": 0.5}, "weights are of another variant: 'stem.0.convolution.weight' has shape"),
        ({"head_dim": 4}, r"position_bias.table' has shape \(10, 31\), the network's \(20, 31\)"),
    ],
)
def test_weights_of_another_variant_are_refused_before_any_is_copied(options: dict[str, object], message: str) -> None:
    network = small("s12", **options)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        load_weights(network, small("s12", seed=1).state_dict())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
