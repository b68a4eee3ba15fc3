"""Exported layers: their integers and their results are the network's own."""

import pytest
import torch
from torch import Tensor, nn

from models.arithmetic import cyclic
from models.backbones.registry import build_network
from models.data.digits import digits
from models.data.images import Split
from models.integer_network.layer_builder import export_layer, export_layer_at
from models.quantization.accumulators import Accumulator
from models.quantization.layers import QuantConv2d, configure
from models.quantization.step_sizes import choose_step_sizes
from models.wrapnet.networks import WrapNetOptions
from tests.support.integer_networks import PIXELS, trained_network


@pytest.fixture(scope="module")
def network() -> nn.Module:
    network = build_network("digits", WrapNetOptions(width=8))
    images = normalised(digits().train)
    network(images)  # running statistics that are not the initial ones
    configure(network, "float", Accumulator(bits=6))
    choose_step_sizes(network, images[:100], 0.05)
    return network


def normalised(split: Split) -> Tensor:
    return digits().normalise(split.images)


def test_the_export_computes_what_the_network_computes(network: nn.Module) -> None:
    images = normalised(digits().test)[:20]
    layer = export_layer(network, "third", images)
    seen: list[Tensor] = []
    hook = network.get_submodule("third.relu").register_forward_hook(lambda _m, _i, output: seen.append(output))
    network.eval()(images)
    hook.remove()
    sums = nn.functional.conv2d(layer.activations.double(), layer.weights.double(), padding=layer.padding)
    folded = cyclic(sums.round().long(), layer.accumulator_bits, layer.slope)
    outputs = torch.relu(layer.scale.view(-1, 1, 1) * folded + layer.offset.view(-1, 1, 1))
    assert torch.allclose(outputs, seen[0], atol=1e-5)


@pytest.mark.parametrize(
    ("weights", "bits", "weight_bits"), [("binary", 8, 1), ("ternary", 12, 2), ("4", 12, 4), ("bounded-4", 12, 4)]
)
@pytest.mark.parametrize("block", ["second", "third", "fourth"])
def test_every_number_is_the_trained_layers_own(weights: str, bits: int, weight_bits: int, block: str) -> None:
    trained, images = trained_network("digits", bits=bits, weights=weights, accumulator_bits=bits)
    convolution, norm = trained.get_submodule(f"{block}.convolution"), trained.get_submodule(f"{block}.norm")
    assert isinstance(convolution, QuantConv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    seen: list[Tensor] = []
    hook = convolution.register_forward_hook(lambda _m, inputs, _o: seen.append(convolution.activation(inputs[0])))
    with torch.no_grad():
        trained(images)
        integers, scale = convolution.quantized_weight()
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        expected_scale = scale * convolution.activation.step * gain
        expected_offset = norm.bias - norm.running_mean * gain
    hook.remove()
    layer = export_layer(trained, block, images)
    assert torch.equal(layer.weights, integers.to(torch.int16))
    assert torch.equal(layer.activations, seen[0].to(torch.int32))
    assert torch.equal(layer.scale, expected_scale)
    assert torch.equal(layer.offset, expected_offset)
    found = (layer.weight_bits, layer.activation_bits, layer.accumulator_bits, layer.slope, layer.padding)
    assert found == (weight_bits, convolution.activation.bits, bits, 2, 1)


def test_dot_products_are_positions_of_the_convolution(network: nn.Module) -> None:
    layer = export_layer(network, "second", normalised(digits().test)[:3])
    sums = nn.functional.conv2d(layer.activations.double(), layer.weights.double(), padding=1).long()
    activations, weights = layer.dot_products(500, 3)
    assert activations.shape == weights.shape == (500, layer.dot_length)
    assert set((activations * weights).sum(1).tolist()) <= set(sums.flatten().tolist())


def test_wider_export_uses_its_bits(network: nn.Module) -> None:
    layer = export_layer_at(network, "third", normalised(digits().test)[:20], 8, 8)
    assert layer.activations.max() == 255
    assert layer.weights.abs().max() == 127
    assert layer.weights.unique().numel() > 50


def test_a_wider_export_folds_its_scales_and_the_batch_norm() -> None:
    trained, images = trained_network("digits")
    layer = export_layer_at(trained, "third", images, 8, 8)
    seen: list[Tensor] = []
    hook = trained.get_submodule("third.convolution").register_forward_pre_hook(lambda _m, given: seen.append(given[0]))
    with torch.no_grad():
        trained(images)
    hook.remove()
    floats = nn.functional.conv2d(seen[0], trained.get_parameter("third.convolution.weight"), padding=1)
    expected = trained.get_submodule("third.norm")(floats)
    sums = nn.functional.conv2d(layer.activations.float(), layer.weights.float(), padding=layer.padding)
    found = layer.scale.view(-1, 1, 1) * sums + layer.offset.view(-1, 1, 1)
    assert torch.allclose(found, expected, atol=0.02 * expected.abs().max().item())


def test_blocks_without_a_quantized_convolution_are_refused(network: nn.Module) -> None:
    images = normalised(digits().test)[:2]
    for block in ("first", "classifier", "fifth"):
        with pytest.raises(ValueError, match=f"block '{block}' has no quantized convolution"):
            export_layer(network, block, images)
    for block in ("first", "fifth"):
        with pytest.raises(ValueError, match=f"block '{block}' is not a quantized convolution with batch norm"):
            export_layer_at(network, block, images, 8, 8)


def test_networks_that_read_pixels_are_refused() -> None:
    network, images = trained_network("digits", pixels=PIXELS[1])
    with pytest.raises(ValueError, match="the network reads pixels"):
        export_layer(network, "second", images)
