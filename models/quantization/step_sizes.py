"""Chooses activation step sizes, and with them the activations' bits, for a target overflow rate (section 2.3.3)."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from models.quantization.activations import ActivationMode
from models.quantization.edges import ScoreLinear, inner_quantizers
from models.quantization.layers import QuantLayer, quantized_layers
from models.quantization.observation import Request, inputs_of, observe

_HALVINGS = 24
_CLIPPED = 0.01


@torch.no_grad()
def choose_step_sizes(network: nn.Module, images: Tensor, rate: float) -> list[float]:
    """Sets each quantized layer's step size so that a fraction `rate` of its sums overflows; returns the sizes.

    Layers are set in order, each on the inputs it receives once the layers before it are quantized. A larger step makes
    smaller integers and therefore fewer overflows, so bisection finds the size. The step is never so fine that more
    than 1% of the positive inputs exceed the layer's activation bits; the rate is then below `rate`. The layer's
    activation bits shrink to what its integers need.

    images: calibration batch, as the network takes it. rate: between 0 and 1; 0 means that no sum overflows.
    """
    _check_rate(rate)
    network.eval()
    for layer in quantized_layers(network):
        inputs = inputs_of(layer, network, images)
        layer.activation.mode = ActivationMode.QUANTIZED
        _choose_step_size(layer, inputs, rate)
        layer.activation.bits = _needed_bits(layer, inputs)
    return [layer.activation.step.item() for layer in quantized_layers(network)]


def _choose_step_size(layer: QuantLayer, inputs: Tensor, rate: float) -> None:
    step = layer.activation.step
    with observe([layer], Request.SUMS) as (seen,):

        def rate_at(size: float) -> float:
            step.fill_(size)
            layer(inputs)
            return seen.overflow_rate()

        step.fill_(_bisect(rate_at, *_range(layer, inputs), rate))


@torch.no_grad()
def choose_one_step_size(network: nn.Module, images: Tensor, rate: float) -> float:
    """Sets one step size for all quantized layers and grids, so that a fraction `rate` of sums overflows.

    The rate is the mean over layers. Residual networks need this. Arguments as for choose_step_sizes. Every layer's
    activation bits shrink to what the widest layer needs. Returns the size.
    """
    _check_rate(rate)
    network.eval()
    layers, quantizers = quantized_layers(network), inner_quantizers(network)
    for quantizer in quantizers:
        quantizer.mode = ActivationMode.FLOAT
    ranges = [_range(layer, inputs_of(layer, network, images)) for layer in layers]
    for quantizer in quantizers:
        quantizer.mode = ActivationMode.QUANTIZED
    with observe(layers, Request.SUMS) as seen:

        def rate_at(step: float) -> float:
            for quantizer in quantizers:
                quantizer.step.fill_(step)
            network(images)
            return sum(one.overflow_rate() for one in seen) / len(seen)

        step = _bisect(rate_at, max(fine for fine, _ in ranges), max(coarse for _, coarse in ranges), rate)
        rate_at(step)
    bits = max(_needed_bits(layer, inputs_of(layer, network, images)) for layer in layers)
    for quantizer in quantizers:
        quantizer.bits = bits
    return step


@torch.no_grad()
def choose_score_steps(network: nn.Module, images: Tensor) -> None:
    """Sets the step size of the activations that a last layer of integers reads: the largest fills their bits.

    images: calibration batch, as the network takes it, whose inner layers have their step sizes already.
    """
    network.eval()
    for layer in network.modules():
        if isinstance(layer, ScoreLinear):
            largest = _largest_magnitude(inputs_of(layer, network, images))
            layer.activation.step.fill_(largest / layer.activation.largest.item())


def _check_rate(rate: float) -> None:
    if not 0 <= rate < 1:
        raise ValueError(f"overflow rate is {rate}; allowed is a share from 0 to below 1")


def _range(layer: QuantLayer, inputs: Tensor) -> tuple[float, float]:
    """The finest step size that the activation bits allow, and the coarsest useful one."""
    magnitudes, largest = inputs.abs(), _largest_magnitude(inputs)
    common = np.quantile(magnitudes[magnitudes > 0].numpy(force=True), 1 - _CLIPPED)
    return float(common) / layer.activation.largest.item(), 2 * largest  # the coarse one rounds everything to 0 or 1


def _largest_magnitude(inputs: Tensor) -> float:
    largest = inputs.abs().amax().item()
    if not 0 < largest < math.inf:
        raise ValueError("a layer's inputs are all 0, or not finite: it has no step size")
    return largest


def _bisect(rate_at: Callable[[float], float], fine: float, coarse: float, rate: float) -> float:
    if rate_at(fine) <= rate:
        return fine
    for _ in range(_HALVINGS):
        middle = (fine + coarse) / 2
        if rate_at(middle) > rate:
            fine = middle
        else:
            coarse = middle
    return coarse


def _needed_bits(layer: QuantLayer, inputs: Tensor) -> int:
    """Bits that hold the layer's integers, in two's complement if they are signed."""
    integers = layer.activation(inputs.float())
    largest = max(1, int(integers.amax()), -int(integers.amin()) - 1)
    return largest.bit_length() + layer.activation.signed
