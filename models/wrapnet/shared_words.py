"""Training for accumulators that share machine words, layer by layer (dissertation 2.3.4 and 2.6.1.2)."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from models.quantization.accumulators import Packing
from models.quantization.layers import QuantLayer, quantized_layers
from models.quantization.observation import Request, observe

_TOLERATED_DROP = 0.02


@dataclass(frozen=True)
class CarryStatistics:
    """Carries into a neighbouring lane, over images: their mean, and the standard deviation of a neuron's count.

    Both are means over the neurons of a layer.
    """

    mean: float
    deviation: float


def let_carries_run(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    train: Callable[[str, list[int]], None],
    *,
    hybrid: bool,
) -> None:
    """Goes on training a fine-tuned `network` with carries that run into the neighbouring lane, layer by layer.

    The layer whose carries vary least comes first. In the end every layer's carries run, unless `hybrid`: then the
    first layer that costs more than two points of accuracy on `images`, and all after it, get a buffer bit instead.

    images, labels: training images, to calibrate and to watch the accuracy on. train: trains the network; takes the
    stage's name and the layers whose carries run.
    """
    layers = quantized_layers(network)
    deviations = [carry_statistics(network, layer, images).deviation for layer in layers]
    order = sorted(range(len(layers)), key=deviations.__getitem__)
    before = _accuracy(network, images, labels)
    for place, index in enumerate(order):
        kept = deepcopy(network.state_dict())
        layers[index].accumulator = replace(layers[index].accumulator, packing=Packing.CARRIES)
        calibrate(network, images)
        train(f"carries-{place + 1}", order[: place + 1])
        calibrate(network, images)
        if hybrid and _accuracy(network, images, labels) < before - _TOLERATED_DROP:
            network.load_state_dict(kept, strict=False)  # without this layer's carries, which the state did not have
            for buffered in order[place:]:
                layers[buffered].carry_mean = None
                layers[buffered].accumulator = replace(layers[buffered].accumulator, packing=Packing.BUFFER)
            train("buffer", order[:place])
            calibrate(network, images)
            return


@torch.no_grad()
def calibrate(network: nn.Module, images: Tensor) -> None:
    """Sets the carries that each layer subtracts to the mean, over `images`, of those that the hardware produces."""
    network.eval()
    with observe(quantized_layers(network), Request.CALIBRATE):
        network(images)


@torch.no_grad()
def carry_statistics(network: nn.Module, layer: QuantLayer, images: Tensor) -> CarryStatistics:
    """The carries that `layer` of `network` has, or would have, on `images`; leaves the network unchanged."""
    network.eval()
    accumulator, mean = layer.accumulator, layer.carry_mean
    layer.accumulator = replace(accumulator, packing=Packing.CARRIES)
    try:
        with observe([layer], Request.CARRIES | Request.CALIBRATE) as (seen,):
            network(images)
            return CarryStatistics(*seen.carry_moments())
    finally:
        layer.accumulator, layer.carry_mean = accumulator, mean


@torch.no_grad()
def _accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    network.eval()
    right: Tensor = network(images).argmax(1) == labels
    return right.double().mean().item()
