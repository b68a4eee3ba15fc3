"""Backbones of plain layers: shapes, published sizes, modules, shortcuts by hand."""

import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from models.backbones.options import NetworkOptions
from models.backbones.registry import NETWORKS, build_network
from models.backbones.resnet import ParameterFreeShortcut, ResidualBlock

MODULES = (
    *(nn.Conv2d, nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d, nn.ReLU, nn.Identity),
    *(nn.MaxPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, ParameterFreeShortcut),
)


def full_size(name: str, classes: int) -> nn.Module:
    """The network at its own width, without storage for its weights."""
    with torch.device("meta"):
        return build_network(name, NetworkOptions(classes=classes))


def parameter_count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_give_logits_from_plain_modules(name: str, relu: bool) -> None:
    network = build_network(name, NetworkOptions(width=4, classes=7, relu=relu)).eval()
    assert network(torch.rand(1, *NETWORKS[name].image_shape)).shape == (1, 7)
    leaves = [module for module in network.modules() if not list(module.children())]
    assert all(type(module) in MODULES for module in leaves)
    assert NETWORKS[name].residual == any(isinstance(module, ResidualBlock) for module in network.modules())


@pytest.mark.parametrize(
    ("name", "classes", "count"),
    [
        ("resnet20", 10, 269_722),  # published as 0.27 M
        ("resnet18", 1000, 11_689_512),
        ("resnet50", 1000, 25_557_032),
    ],
)
def test_residual_networks_have_the_published_sizes(name: str, classes: int, count: int) -> None:
    assert parameter_count(full_size(name, classes)) == count


@pytest.mark.parametrize(("name", "products"), [("resnet20", 40.6e6), ("resnet18", 1.814e9), ("resnet50", 4.089e9)])
def test_residual_networks_need_the_published_number_of_products(name: str, products: float) -> None:
    total = 0

    def count(layer: nn.Module, _inputs: object, outputs: Tensor) -> None:
        nonlocal total
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        total += outputs.numel() * layer.weight[0].numel()

    network = full_size(name, 10 if name == "resnet20" else 1000)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    network(torch.empty(1, *NETWORKS[name].image_shape, device="meta"))
    assert total == pytest.approx(products, rel=0.002)


def test_vgg7_has_the_published_size() -> None:
    convolutions = 9 * (3 * 128 + 128 * 128 + 128 * 256 + 256 * 256 + 256 * 512 + 512 * 512)
    linear = 8192 * 1024 + 1024 * 10 + 10
    norms = 2 * (2 * (128 + 256 + 512) + 1024)
    assert parameter_count(full_size("vgg7", 10)) == convolutions + linear + norms


def test_alexnet_has_the_size_counted_by_hand() -> None:
    convolutions = 11 * 11 * 3 * 96 + 5 * 5 * 96 * 256 + 9 * (256 * 384 + 384 * 384 + 384 * 256)
    linear = 6 * 6 * 256 * 4096 + 4096 * 4096 + 4096 * 1000 + 1000
    norms = 2 * (96 + 256 + 384 + 384 + 256 + 4096 + 4096)
    assert parameter_count(full_size("alexnet", 1000)) == convolutions + linear + norms == 62_387_912


@pytest.mark.parametrize("name", NETWORKS)
def test_initial_weights_depend_on_the_seed_alone(name: str) -> None:
    first = build_network(name, NetworkOptions(width=4, seed=3)).state_dict()
    torch.rand(1)
    again = build_network(name, NetworkOptions(width=4, seed=3)).state_dict()
    assert all(torch.equal(weight, again[key]) for key, weight in first.items())
    other = build_network(name, NetworkOptions(width=4, seed=4)).state_dict()
    assert not torch.equal(other["first.convolution.weight"], first["first.convolution.weight"])


def test_parameter_free_shortcuts_by_hand() -> None:
    values = torch.arange(18.0).view(1, 2, 3, 3)
    result = ParameterFreeShortcut(2, 1)(values)
    assert result.tolist() == [[[[0, 2], [6, 8]], [[9, 11], [15, 17]], [[0, 0], [0, 0]]]]


def test_residual_blocks_by_hand() -> None:
    block = ResidualBlock(nn.Flatten(), nn.Identity())
    assert block(torch.tensor([[-1.0, 0.5]])).tolist() == [[0, 1]]


def test_backbones_load_no_quantized_layers() -> None:
    program = "import sys, models.backbones.registry; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "models.backbones.resnet" in loaded
    assert not [name for name in loaded if name.startswith(("models.quantization", "models.wrapnet"))]


def test_other_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="network is 'lenet'; allowed are digits, vgg7, resnet20, alexnet, resnet18"):
        build_network("lenet", NetworkOptions())


@pytest.mark.parametrize("name", ["width", "classes"])
def test_options_below_1_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0; allowed is an integer of at least 1"):
        NetworkOptions(**{name: 0})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("width", [10**6, 10**9, 10**12, 10**30])
def test_widths_beyond_the_memory_are_refused_at_once(name: str, width: int) -> None:
    with pytest.raises(ValueError, match=f"network {name} of width {width} needs .* memory to train; this machine"):
        build_network(name, NetworkOptions(width=width))
