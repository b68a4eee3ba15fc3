"""Step sizes meet their target overflow rate."""

import pytest
import torch
from torch import nn

from models.quantization.accumulators import Accumulator
from models.quantization.layers import QuantConv2d, configure, quantized_layers
from models.quantization.observation import Request, observe
from models.quantization.step_sizes import choose_step_sizes


def network() -> nn.Module:
    torch.manual_seed(1)
    layers = nn.Sequential(QuantConv2d(64, 64, 3), nn.BatchNorm2d(64), nn.ReLU(), QuantConv2d(64, 64, 3))
    configure(layers, "float", Accumulator(bits=8))
    return layers


@pytest.mark.parametrize("rate", [0.002, 0.01])
def test_each_layer_overflows_as_often_as_asked(rate: float) -> None:
    images = torch.rand(4, 64, 8, 8) ** 2 * 3
    layers = network()
    sizes = choose_step_sizes(layers, images, rate)
    with observe(quantized_layers(layers), Request.SUMS) as seen:
        layers(images)
    for layer, one, size in zip(quantized_layers(layers), seen, sizes, strict=True):
        assert layer.activation.step.item() == size
        assert rate / 2 < one.overflow_rate() <= rate


def test_steps_do_not_get_so_fine_that_inputs_are_clipped() -> None:
    images = torch.rand(4, 64, 8, 8)
    layers = network()
    size = choose_step_sizes(layers, images, 0.9)[0]
    assert (images / size > 7.5).float().mean() < 0.02


@pytest.mark.parametrize("rate", [1.0, -1.0, float("nan")])
def test_impossible_rates_are_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="allowed is a share from 0 to below 1"):
        choose_step_sizes(network(), torch.rand(1, 64, 4, 4), rate)
