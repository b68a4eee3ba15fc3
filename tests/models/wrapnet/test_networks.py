"""Backbones with quantized layers: which ones, initial weights, gradients, signs and the residual stream's grid."""

import operator

import pytest
import torch
from torch import Tensor, fx, nn

from models.backbones.options import NetworkOptions
from models.backbones.registry import NETWORKS, build_network
from models.backbones.resnet import ParameterFreeShortcut, ResidualBlock
from models.quantization.accumulators import Accumulator
from models.quantization.activations import activation_quantizers
from models.quantization.bounded_weights import BoundedQuantizer
from models.quantization.layers import QuantConv2d, QuantLayer, QuantLinear, configure, quantized_layers
from models.quantization.residual_grid import SUBDIVISIONS, ResidualGrid
from models.quantization.step_sizes import choose_one_step_size, choose_step_sizes
from models.wrapnet.networks import WrapNetOptions

# Residual networks: 20 - 2; 18 - 2 + 3 projections; 50 - 2 + 4 projections.
QUANTIZED = {"digits": 3, "vgg7": 6, "resnet20": 18, "alexnet": 6, "resnet18": 19, "resnet50": 52}

PLAIN_MODULES = (
    *(nn.Conv2d, nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d, nn.ReLU, nn.Identity),
    *(nn.MaxPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, ParameterFreeShortcut),
)


def images(name: str, count: int) -> Tensor:
    return torch.rand(count, *NETWORKS[name].image_shape, generator=torch.Generator().manual_seed(0))


def randomize_norms(network: nn.Module) -> None:
    """Draws gains and shifts, as training would change them; some gains are negative."""
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.weight.data.normal_(0.5, 1, generator=generator)
            module.bias.data.normal_(0.3, 0.3, generator=generator)


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_first_and_last_layer_alone_stay_in_full_precision(name: str, relu: bool) -> None:
    network = build_network(name, WrapNetOptions(width=4, classes=7, relu=relu)).eval()
    assert network(images(name, 1)).shape == (1, 7)
    layers: list[nn.Module] = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    first, *inner, last = layers
    assert (type(first), type(last)) == (nn.Conv2d, nn.Linear)
    assert all(isinstance(layer, QuantLayer) for layer in inner)
    assert len(inner) == QUANTIZED[name]
    assert quantized_layers(build_network(name, NetworkOptions(width=4))) == []


@pytest.mark.parametrize("name", NETWORKS)
def test_plain_and_quantized_networks_start_from_the_same_weights(name: str) -> None:
    plain = build_network(name, NetworkOptions(width=4, seed=3)).state_dict()
    quantized = build_network(name, WrapNetOptions(width=4, seed=3)).state_dict()
    assert all(torch.equal(weight, quantized[key]) for key, weight in plain.items())
    other = build_network(name, WrapNetOptions(width=4, seed=4)).state_dict()
    assert not torch.equal(other["first.convolution.weight"], plain["first.convolution.weight"])


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_reach_every_parameter(name: str) -> None:
    network = build_network(name, WrapNetOptions(width=4))
    loss = nn.functional.cross_entropy(network(images(name, 2)), torch.tensor([3, 7]))
    names, parameters = zip(*network.named_parameters(), strict=True)
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    assert [key for key, value in zip(names, gradients, strict=True) if value is None or not value.any()] == []


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_consist_of_known_modules_and_additions(name: str, relu: bool) -> None:
    class Tracer(fx.Tracer):
        def is_leaf_module(self, module: nn.Module, path: str) -> bool:
            known = isinstance(module, QuantLayer | ResidualGrid | ParameterFreeShortcut)
            return known or super().is_leaf_module(module, path)

    network = build_network(name, WrapNetOptions(width=4, relu=relu)).eval()
    configure(network, "quantized", Accumulator())
    graph = Tracer().trace(network)
    for node in graph.nodes:
        if node.op == "call_module":
            module = network.get_submodule(str(node.target))
            assert type(module) in (QuantConv2d, QuantLinear, ResidualGrid, *PLAIN_MODULES)
            assert not isinstance(module, nn.AdaptiveAvgPool2d) or module.output_size == 1
        else:
            assert node.op in ("placeholder", "output") or node.target is operator.add
    traced = fx.GraphModule(network, graph)
    assert torch.equal(traced(images(name, 1)), network(images(name, 1)))


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_layers_are_signed_exactly_where_their_inputs_can_be_negative(name: str, relu: bool) -> None:
    network = build_network(name, WrapNetOptions(width=4, relu=relu))
    randomize_norms(network)
    negative: dict[nn.Module, bool] = {}
    for layer in quantized_layers(network):
        layer.register_forward_pre_hook(lambda module, inputs: negative.update({module: bool((inputs[0] < 0).any())}))
    network(images(name, 2))
    assert len(negative) == QUANTIZED[name]
    assert all(layer.activation.signed == negative[layer] for layer in quantized_layers(network))
    assert any(negative.values()) != relu


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("name", sorted(name for name, backbone in NETWORKS.items() if backbone.residual))
def test_the_residual_stream_stays_on_its_grid(name: str, relu: bool) -> None:
    network = build_network(name, WrapNetOptions(width=4, relu=relu))
    randomize_norms(network)
    network(images(name, 2))
    configure(network, "float", Accumulator())
    step = choose_one_step_size(network, images(name, 1), 0.05)
    streams: list[Tensor] = []
    for module in network.modules():
        if isinstance(module, ResidualBlock):
            module.register_forward_pre_hook(lambda _module, inputs: streams.append(inputs[0]))
            module.register_forward_hook(lambda _module, _inputs, output: streams.append(output))
    network(images(name, 1))
    assert len(streams) == 2 * {"resnet20": 9, "resnet18": 8, "resnet50": 16}[name]
    for stream in streams:
        integers = stream.double() / step * SUBDIVISIONS
        assert (integers - integers.round()).abs().max() < 1e-3
        assert integers.max() > 0


def test_networks_without_a_stream_take_a_step_size_per_layer() -> None:
    network = build_network("alexnet", WrapNetOptions(width=4))
    randomize_norms(network)
    network(images("alexnet", 2))
    configure(network, "float", Accumulator())
    assert len(set(choose_step_sizes(network, images("alexnet", 1), 0.05))) == 6
    assert not any(isinstance(module, ResidualGrid) for module in network.modules())


def test_bottlenecks_stride_in_their_middle() -> None:
    network = build_network("resnet50", WrapNetOptions(width=4))
    strided = [layer for layer in quantized_layers(network) if isinstance(layer, QuantConv2d) and layer.stride[0] == 2]
    assert [layer.kernel_size[0] for layer in strided] == [3, 1] * 3  # branch and projection of three stages


def test_options_reach_the_quantized_layers() -> None:
    options = WrapNetOptions(width=4, weights="bounded-4", activation_bits=2, accumulator_bits=10)
    for name in NETWORKS:
        network = build_network(name, options)
        assert all(quantizer.bits == 2 for quantizer in activation_quantizers(network))
        for layer in quantized_layers(network):
            assert isinstance(layer.weight_quantizer, BoundedQuantizer)
            assert layer.weight_format.name == "bounded-4"
            assert layer.weight_quantizer.bound == (2**10 - 2) / 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "width is 0; allowed is an integer of at least 1"),
        ({"classes": 0}, "classes is 0; allowed is an integer of at least 1"),
        ({"activation_bits": 0}, "activation_bits is 0; allowed is an integer of at least 1"),
        ({"activation_bits": 1, "relu": False}, "activation_bits is 1; allowed is an integer of at least 2"),
    ],
)
def test_options_that_are_too_small_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WrapNetOptions(**options)  # type: ignore[arg-type]
