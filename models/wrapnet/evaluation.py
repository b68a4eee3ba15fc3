"""How a network does on held-out images."""

from dataclasses import dataclass

import torch
from torch import nn

from models.data.sources import ImageSource
from models.quantization.layers import quantized_layers

_BATCH = 250


@dataclass(frozen=True)
class Accuracy:
    """Share of held-out images a network gets right; overflow rate and activation bits of each quantized layer."""

    accuracy: float
    overflow_rates: list[float]
    activation_bits: list[int]


@torch.no_grad()
def evaluate(network: nn.Module, data: ImageSource) -> Accuracy:
    """Accuracy on all held-out images, and the overflow rate of each quantized layer over them."""
    network.eval()
    device = next(network.parameters()).device
    layers = quantized_layers(network)
    right = count = 0
    overflows = [0.0] * len(layers)
    for images, labels in data.held_out_batches(_BATCH):
        logits = network(images.to(device))
        right += int((logits.argmax(1).cpu() == labels).sum())
        count += len(labels)
        for index, layer in enumerate(layers):
            overflows[index] += layer.overflow_rate() * len(images)
    bits = [layer.activation_bits for layer in layers]
    return Accuracy(right / count, [overflow / count for overflow in overflows], bits)
