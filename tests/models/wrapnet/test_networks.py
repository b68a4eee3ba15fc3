"""Networks: shapes, which layers are quantized, and initial weights."""

import pytest
import torch

from models.wrapnet.layers import quantized_layers
from models.wrapnet.networks import NetworkOptions, build_network


@pytest.mark.parametrize(("name", "shape", "quantized"), [("digits", (1, 8, 8), 3), ("vgg7", (3, 32, 32), 6)])
def test_first_and_last_layer_stay_in_full_precision(name: str, shape: tuple[int, ...], quantized: int) -> None:
    network = build_network(name, NetworkOptions(width=4))
    assert len(quantized_layers(network)) == quantized
    assert network(torch.rand(2, *shape)).shape == (2, 10)
    assert quantized_layers(build_network(name, NetworkOptions(width=4, quantized=False))) == []


def test_vgg7_has_the_published_size() -> None:
    network = build_network("vgg7", NetworkOptions(quantized=False))
    weights = sum(parameter.numel() for name, parameter in network.named_parameters() if parameter.dim() > 1)
    convolutions = 9 * (3 * 128 + 128 * 128 + 128 * 256 + 256 * 256 + 256 * 512 + 512 * 512)
    assert weights == convolutions + 8192 * 1024 + 1024 * 10


def test_plain_and_quantized_networks_start_from_the_same_weights() -> None:
    plain = build_network("digits", NetworkOptions(width=4, quantized=False, seed=3)).state_dict()
    quantized = build_network("digits", NetworkOptions(width=4, seed=3)).state_dict()
    assert all(torch.equal(weight, quantized[name]) for name, weight in plain.items())
    other = build_network("digits", NetworkOptions(width=4, seed=4)).state_dict()
    assert not torch.equal(other["first.convolution.weight"], plain["first.convolution.weight"])


def test_other_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="network is 'lenet'; allowed are digits, vgg7"):
        build_network("lenet", NetworkOptions())
