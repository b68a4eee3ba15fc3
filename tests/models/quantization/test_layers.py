"""Quantizers and the quantized convolution against hand computations and the integer arithmetic."""

import pytest
import torch
from torch import nn

from models.arithmetic import absolute, cyclic, overflow_rate, relu_like, wrap
from models.quantization.accumulators import Accumulator
from models.quantization.activations import ActivationMode
from models.quantization.formats import WEIGHT_FORMATS, Bounded, WeightFormat, parse_weight_format
from models.quantization.layers import QuantConv2d, QuantLinear
from models.quantization.observation import Request, observe
from models.quantization.straight_through import quantized_activations, scaled_activations
from models.quantization.weight_quantizers import (
    StatisticalQuantizer,
    binary_weights,
    ternary_weights,
    uniform_weights,
)


def test_binary_weights_by_hand() -> None:
    weight = torch.tensor([[0.5, -0.25, 0.0], [-2.0, -1.0, 0.0]], requires_grad=True)
    signs, scale = binary_weights(weight)
    assert signs.tolist() == [[1, -1, 1], [-1, -1, 1]]
    assert scale.tolist() == [0.25, 1.0]
    signs.sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [[1, 1, 1], [0, 1, 1]]  # clipped beyond [-1, 1]


def test_uniform_weights_use_the_whole_range_and_stay_in_it() -> None:
    weight = torch.randn(5, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    for bits in (2, 4, 8):
        integers, scale = uniform_weights(weight, bits)
        assert torch.equal(integers.flatten(1).abs().amax(1), torch.full((5,), float(2 ** (bits - 1) - 1)))
        assert ((integers * scale.view(-1, 1, 1, 1) - weight).abs() <= scale.view(-1, 1, 1, 1) / 2 + 1e-6).all()


def test_quantized_activations_by_hand() -> None:
    activation = torch.tensor([-1.0, 0.0, 0.26, 0.5, 1.0, 9.0], requires_grad=True)
    step, smallest, largest = torch.tensor([0.25, 0.0, 7.0])
    integers = quantized_activations(activation, step, smallest, largest)
    assert integers.tolist() == [0, 0, 1, 2, 4, 7]
    integers.sum().backward()
    assert activation.grad is not None
    assert activation.grad.tolist() == [0, 4, 4, 4, 4, 0]
    assert scaled_activations(activation, step, smallest, largest).tolist() == pytest.approx([0, 0, 1.04, 2, 4, 7])


def test_ternary_weights_by_hand() -> None:
    weight = torch.tensor([[1.0, -0.5, 0.1, 0.0], [-3.0, 0.0, 0.0, 1.0]], requires_grad=True)
    signs, scale = ternary_weights(weight)  # thresholds 0.28 and 0.7
    assert signs.tolist() == [[1, -1, 0, 0], [-1, 0, 0, 1]]
    assert scale.tolist() == [0.75, 2.0]
    signs.sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [[1, 1, 1, 1], [0, 1, 1, 1]]


def quantize(weight: torch.Tensor, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    integers, scale = StatisticalQuantizer(parse_weight_format(name))(weight)
    return integers, scale


@pytest.mark.parametrize("form", [one for one in WEIGHT_FORMATS if not isinstance(one, Bounded)], ids=str)
def test_quantized_weights_are_exact_integers_of_their_bits(form: WeightFormat) -> None:
    weight = torch.randn(64, 100, generator=torch.Generator().manual_seed(0)).requires_grad_()
    integers, scale = StatisticalQuantizer(form)(weight)
    assert torch.equal(integers, integers.round())
    assert integers.abs().max() <= max(1, 2 ** (form.bits - 1) - 1) == form.largest
    assert not scale.requires_grad
    assert integers.requires_grad


@pytest.mark.parametrize("kind", ["", "1", "9", "quaternary"])
def test_other_kinds_of_weights_are_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="allowed are binary, ternary, 2, 3"):
        QuantConv2d(1, 1, 3, weights=kind)


@pytest.mark.parametrize("overflow", ["exact", "wrap", "cyclic", "relu-like", "absolute"])
@pytest.mark.parametrize("bits", [4, 8, 12])
@pytest.mark.parametrize("kind", ["binary", "ternary", "4"])
def test_forward_equals_the_integer_arithmetic(overflow: str, bits: int, kind: str) -> None:
    torch.manual_seed(0)
    layer = QuantConv2d(16, 8, 3, weights=kind)
    layer.activation.mode = ActivationMode.QUANTIZED
    layer.accumulator = Accumulator(bits=bits, slope=2, overflow=overflow)
    layer.activation.step.fill_(0.3)
    inputs = torch.rand(2, 16, 6, 6) * 2
    with observe([layer], Request.SUMS | Request.PENALTY) as (seen,):
        outputs = layer.eval()(inputs)

    integers = (inputs / 0.3).round().clamp(0, 7).long()
    weights, weight_scale = quantize(layer.weight.detach(), kind)
    sums = nn.functional.conv2d(integers.double(), weights.double(), padding=1).round().long()
    kept = {
        "exact": sums,
        "wrap": wrap(sums, bits),
        "cyclic": cyclic(sums, bits, 2),
        "relu-like": relu_like(sums, bits, 2),
        "absolute": absolute(sums, bits),
    }[overflow]
    assert torch.equal(outputs, kept.float() * (weight_scale * layer.activation.step).view(-1, 1, 1))
    assert seen.overflow_rate() == overflow_rate(sums, bits)
    excess = (sums.abs() - 2 ** (bits - 1)).clamp(min=0).float().mean()
    assert seen.take_penalty().item() == pytest.approx(excess.item())


def test_fully_connected_layers_equal_the_integer_arithmetic_too() -> None:
    torch.manual_seed(0)
    layer = QuantLinear(300, 20, weights="ternary")
    layer.activation.mode = ActivationMode.QUANTIZED
    layer.accumulator = Accumulator(bits=8, slope=4)
    layer.activation.step.fill_(0.3)
    inputs = torch.rand(5, 300) * 2
    weights, scale = quantize(layer.weight.detach(), "ternary")
    sums = (inputs / 0.3).round().clamp(0, 7).long() @ weights.long().T
    assert torch.equal(layer(inputs), cyclic(sums, 8, 4).float() * (scale * layer.activation.step))


def test_mixed_precision_does_not_touch_the_sums() -> None:
    torch.manual_seed(0)
    layer = QuantConv2d(64, 8, 3)
    layer.activation.mode = ActivationMode.QUANTIZED
    layer.activation.step.fill_(0.3)
    inputs = torch.rand(2, 64, 6, 6) * 2
    plain = layer(inputs)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(inputs), plain)


def test_sums_that_float32_cannot_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="float32 holds integers exactly only below 16777216"):
        QuantConv2d(8192, 1, 3, activation_bits=8)
