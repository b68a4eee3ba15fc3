"""Networks whose inner convolutions are quantized; the first and the last layer stay in full precision."""

from collections import OrderedDict

import torch
from torch import nn

from models.wrapnet.layers import QuantConv2d


def digits_network(
    width: int = 64, *, quantized: bool = True, weights: str = "binary", activation_bits: int = 3, seed: int = 0
) -> nn.Module:
    """Four 3x3 convolutions and a linear classifier for 8x8 digits; input (batch, 1, 8, 8), output (batch, 10).

    The first convolution has `width` channels, the others twice as many; with `width` 64 their dot products have
    576, 1152 and 1152 terms. quantized: whether these three are QuantConv2d or plain convolutions. weights,
    activation_bits: how they quantize. seed: of the initial weights, which are the same either way.
    """

    def inner(inputs: int, outputs: int) -> nn.Module:
        if quantized:
            return QuantConv2d(inputs, outputs, 3, weights=weights, activation_bits=activation_bits)
        return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            OrderedDict(
                first=_block(nn.Conv2d(1, width, 3, padding=1, bias=False), width),
                second=_block(inner(width, 2 * width), 2 * width, pool=True),
                third=_block(inner(2 * width, 2 * width), 2 * width, pool=True),
                fourth=_block(inner(2 * width, 2 * width), 2 * width, pool=True),
                classifier=nn.Sequential(nn.Flatten(), nn.Linear(2 * width, 10)),
            )
        )


def _block(convolution: nn.Module, channels: int, *, pool: bool = False) -> nn.Module:
    parts = OrderedDict(convolution=convolution, norm=nn.BatchNorm2d(channels), relu=nn.ReLU())
    if pool:
        parts["pool"] = nn.MaxPool2d(2)
    return nn.Sequential(parts)
