"""Weights that never overflow: the worst inputs fit, and projections are the nearest points."""

import pytest
import torch

from models.quantization.bounded_weights import BoundedQuantizer, project
from models.quantization.formats import Bounded
from models.quantization.layers import QuantConv2d, quantized_layers
from models.wrapnet.networks import build_from
from models.wrapnet.settings import WrapNetConfig


@pytest.mark.parametrize(("activation_bits", "accumulator_bits"), [(3, 8), (4, 10), (8, 16), (1, 6)])
def test_the_worst_inputs_fit_the_accumulator(activation_bits: int, accumulator_bits: int) -> None:
    torch.manual_seed(0)
    weight = torch.randn(32, 200) + 0.3
    quantizer = BoundedQuantizer(Bounded(4), weight, activation_bits, accumulator_bits)
    for wandering in range(3):  # also after training has moved the parameters
        with torch.no_grad():
            weight += wandering * torch.randn_like(weight)
            quantizer.log_length += wandering
        integers, _ = quantizer(weight)
        assert torch.equal(integers, integers.round())
        assert integers.abs().max() <= 7
        largest_activation = 2**activation_bits - 1
        assert integers.clamp(min=0).sum(1).max() * largest_activation <= 2 ** (accumulator_bits - 1) - 1
        assert integers.clamp(max=0).sum(1).min() * largest_activation >= -(2 ** (accumulator_bits - 1))


def test_wide_accumulators_leave_the_weights_nearly_as_they_are() -> None:
    torch.manual_seed(0)
    weight = torch.randn(8, 100)
    centred = weight - weight.mean(1, keepdim=True)
    integers, scale = BoundedQuantizer(Bounded(8), weight, 3, 32)(weight)
    assert (integers * scale[:, None] - centred).abs().max() <= scale.max() * 1.001


def test_scale_length_and_weights_learn() -> None:
    torch.manual_seed(0)
    layer = QuantConv2d(4, 3, 3, weights="bounded-4", accumulator_bits=16)
    layer(torch.rand(2, 4, 5, 5)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in layer.parameters())


def test_projection_is_the_nearest_point() -> None:
    torch.manual_seed(0)
    rows = torch.randn(5, 6, dtype=torch.float64)
    lengths = torch.tensor([0.5, 1.0, 2.0, 4.0, 100.0], dtype=torch.float64)
    projected = project(rows, lengths)
    assert torch.equal(projected[4], rows[4])  # already inside
    assert torch.allclose(projected[:4].abs().sum(1), lengths[:4])
    distances = (projected - rows).norm(dim=1)
    for _ in range(2000):  # no point of the ball lies nearer
        others = torch.randn_like(rows)
        others = others / others.abs().sum(1, keepdim=True) * lengths[:, None] * torch.rand(5, 1)
        nearby = projected + 0.05 * (others - projected)
        assert ((nearby - rows).norm(dim=1) >= distances - 1e-12).all()


def test_a_buffer_bit_is_left_out_of_the_bound() -> None:
    config = WrapNetConfig(width=4, weights="bounded-4", accumulator_bits=9, activation_bits=2, packing="buffer")
    for layer in quantized_layers(build_from(config, 10)):
        layer.weight_quantizer.fit(layer.weight.data)
        weight, _ = layer.quantized_weight()
        reached = weight.flatten(1).clamp(min=0).sum(1).max() * 3, weight.flatten(1).clamp(max=0).sum(1).min() * 3
        assert -(1 << 7) <= reached[1] <= reached[0] < 1 << 7
        assert weight.any()
