"""Chooses activation step sizes by the overflow rate they lead to (dissertation 2.3.3)."""

import numpy as np
import torch
from torch import Tensor, nn

from models.wrapnet.layers import QuantLayer, quantized_layers

_HALVINGS = 24
_CLIPPED = 0.01


@torch.no_grad()
def choose_step_sizes(network: nn.Module, images: Tensor, rate: float) -> list[float]:
    """Sets each quantized layer's step size so that a share `rate` of its sums overflows; returns the sizes.

    The layers are set in order, each on the inputs it gets once those before it are quantized. A larger step makes
    smaller integers, so fewer overflows: the size is found by bisection. It never gets so fine that more than 1% of
    the positive inputs exceed the layer's activation bits: there the rate stays below `rate`.

    images: calibration batch, as the network takes it. rate: between 0 and 1.
    """
    if not 0 < rate < 1:
        raise ValueError(f"overflow rate is {rate}; allowed is a share between 0 and 1")
    network.eval()
    for layer in quantized_layers(network):
        inputs = _inputs_of(layer, network, images)
        layer.activations = "quantized"
        layer.step.fill_(_bisect(layer, inputs, rate))
    return [layer.step.item() for layer in quantized_layers(network)]


def _inputs_of(layer: QuantLayer, network: nn.Module, images: Tensor) -> Tensor:
    seen: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _layer, arguments: seen.append(arguments[0]))
    try:
        network(images)
    finally:
        hook.remove()
    return seen[0]


def _bisect(layer: QuantLayer, inputs: Tensor, rate: float) -> float:
    fine = float(np.quantile(inputs[inputs > 0].numpy(force=True), 1 - _CLIPPED)) / ((1 << layer.activation_bits) - 1)
    coarse = 2 * inputs.amax().item()  # everything rounds to 0 or 1
    if _rate_at(layer, inputs, fine) <= rate:
        return fine
    for _ in range(_HALVINGS):
        middle = (fine + coarse) / 2
        if _rate_at(layer, inputs, middle) > rate:
            fine = middle
        else:
            coarse = middle
    return coarse


def _rate_at(layer: QuantLayer, inputs: Tensor, step: float) -> float:
    layer.step.fill_(step)
    layer(inputs)
    return layer.overflow_rate()
