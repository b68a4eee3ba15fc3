"""The layer without float weights against fake quantization in float64."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from models.federated.choices import ScalePer
from models.federated.fake_quantization import fake_quantized, fake_quantized_frames
from models.federated.linear import LowBitLinear
from models.federated.low_bit import quantize


def double(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Collected:
    """Slabs of a weight's gradient, put together."""

    def __init__(self, layer: LowBitLinear) -> None:
        self.whole = torch.zeros(layer.shape, dtype=torch.float64)
        self.slabs = 0
        layer.sink = self.take

    def take(self, rows: slice, gradient: Tensor) -> None:
        self.whole[rows] += gradient
        self.slabs += 1


def rounded(weight: Tensor, bits: int, scale_per: str) -> Tensor:
    axes = 1 if scale_per == "channel" else (0, 1)
    scale = weight.abs().amax(axes, keepdim=True) / (2 ** (bits - 1) - 1)
    return (weight / scale).round() * scale


def rounded_frames(frames: Tensor) -> Tensor:
    scale = frames.detach().abs().amax(-1, keepdim=True) / 127
    return frames + ((frames / scale).round() * scale - frames).detach()


@pytest.mark.parametrize("scale_per", ["tensor", "channel"])
@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("features", [(5, 3), (1025, 515)], ids=["small", "several slabs"])
def test_values_and_gradients_equal_fake_quantization(
    features: tuple[int, int], bits: int, scale_per: ScalePer
) -> None:
    weight = double(features[1], features[0])
    bias, inputs, upstream = double(features[1], seed=1), double(2, 7, features[0], seed=2), double(2, 7, features[1])
    layer = LowBitLinear(quantize(weight, bits, scale_per), bias.clone())
    collected = Collected(layer)
    given, reference = inputs.clone().requires_grad_(), inputs.clone().requires_grad_()
    quantized = rounded(weight, bits, scale_per).requires_grad_()
    expected = functional.linear(rounded_frames(reference), quantized, bias)
    outputs = layer(given)
    torch.testing.assert_close(outputs, expected, rtol=1e-12, atol=1e-12)
    outputs.backward(upstream)
    expected.backward(upstream)
    assert (collected.slabs > 1) == (features[0] > 1000)
    torch.testing.assert_close(given.grad, reference.grad, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(collected.whole, quantized.grad, rtol=1e-12, atol=1e-12)
    assert layer.bias is not None
    torch.testing.assert_close(layer.bias.grad, upstream.sum((0, 1)), rtol=1e-12, atol=1e-12)


def test_a_first_layer_without_bias_gets_its_gradient() -> None:
    layer = LowBitLinear(quantize(double(4, 6), 8))
    collected = Collected(layer)
    layer(double(3, 6)).sum().backward()
    assert collected.whole.abs().sum() > 0
    with torch.no_grad():
        assert not layer(double(3, 6)).requires_grad


def test_a_frame_does_not_depend_on_its_neighbours() -> None:
    layer = LowBitLinear(quantize(double(4, 6), 8))
    frames = double(5, 6)
    alone = layer(frames[2:3])
    frames[3] *= 1000
    assert torch.equal(layer(frames)[2:3], alone)


def test_only_8_bit_activations_are_kept_for_the_backward_pass() -> None:
    layer = LowBitLinear(quantize(double(64, 32), 8))
    kept: list[Tensor] = []

    def keep(saved: Tensor) -> Tensor:
        kept.append(saved)
        return saved

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
        layer(double(100, 32).requires_grad_())
    assert {(one.dtype, one.numel()) for one in kept} == {(torch.int8, 3200), (torch.float64, 100)}


def test_fake_quantization_rounds_as_the_server_and_the_layer_do() -> None:
    weight = double(4, 6)
    torch.testing.assert_close(fake_quantized(weight, 4, "channel"), quantize(weight, 4).dequantized())
    frames = double(3, 6).requires_grad_()
    torch.testing.assert_close(fake_quantized_frames(frames), rounded_frames(frames))
    fake_quantized_frames(frames).sum().backward()
    assert torch.equal(frames.grad, torch.ones_like(frames))


def test_the_gradient_may_leave_out_the_scale() -> None:
    weight, upstream = double(4, 6).requires_grad_(), double(4, 6, seed=1)
    fake_quantized(weight, 3, "tensor", through_scale=False).backward(upstream)
    torch.testing.assert_close(weight.grad, upstream, rtol=1e-14, atol=1e-14)
