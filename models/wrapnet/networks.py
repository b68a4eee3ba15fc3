"""Networks whose inner layers are quantized; the first and the last layer stay in full precision."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from models.wrapnet.layers import QuantConv2d, QuantLinear


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """What the networks have in common.

    width: channels of the first layer, which the others are multiples of; None for the network's own.
    quantized: whether the inner layers are quantized ones or plain. weights, activation_bits: how they quantize.
    seed: of the initial weights, which are the same for a quantized network and a plain one.
    """

    width: int | None = None
    quantized: bool = True
    weights: str = "binary"
    activation_bits: int = 3
    seed: int = 0

    def convolution(self, inputs: int, outputs: int) -> nn.Module:
        """An inner 3x3 convolution."""
        if not self.quantized:
            return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        return QuantConv2d(inputs, outputs, 3, weights=self.weights, activation_bits=self.activation_bits)

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        """An inner fully connected layer."""
        if not self.quantized:
            return nn.Linear(inputs, outputs, bias=False)
        return QuantLinear(inputs, outputs, weights=self.weights, activation_bits=self.activation_bits)


def digits_network(options: NetworkOptions) -> nn.Module:
    """Four 3x3 convolutions and a linear classifier for 8x8 digits; input (batch, 1, 8, 8), output (batch, 10).

    The first convolution has `width` channels (64), the others twice as many; the quantized layers' dot products then
    have 576, 1152 and 1152 terms.
    """
    width = options.width or 64
    wide = 2 * width
    return nn.Sequential(
        OrderedDict(
            first=_block(nn.Conv2d(1, width, 3, padding=1, bias=False), width),
            second=_block(options.convolution(width, wide), wide, pool=True),
            third=_block(options.convolution(wide, wide), wide, pool=True),
            fourth=_block(options.convolution(wide, wide), wide, pool=True),
            classifier=nn.Sequential(nn.Flatten(), nn.Linear(wide, 10)),
        )
    )


def vgg7(options: NetworkOptions) -> nn.Module:
    """VGG-7 for 32x32 images; input (batch, 3, 32, 32), output (batch, 10).

    Two convolutions each of `width` (128), 2 and 4 times `width` channels, with a pool after each pair, a fully
    connected layer of 8 times `width` and the classifier. (Ternary weight networks; dissertation 2.4.1.)
    """
    width = options.width or 128
    wide, widest, hidden = 2 * width, 4 * width, 8 * width
    return nn.Sequential(
        OrderedDict(
            first=_block(nn.Conv2d(3, width, 3, padding=1, bias=False), width),
            second=_block(options.convolution(width, width), width, pool=True),
            third=_block(options.convolution(width, wide), wide),
            fourth=_block(options.convolution(wide, wide), wide, pool=True),
            fifth=_block(options.convolution(wide, widest), widest),
            sixth=_block(options.convolution(widest, widest), widest, pool=True),
            seventh=nn.Sequential(
                OrderedDict(
                    flatten=nn.Flatten(),
                    linear=options.linear(16 * widest, hidden),
                    norm=nn.BatchNorm1d(hidden),
                    relu=nn.ReLU(),
                )
            ),
            classifier=nn.Linear(hidden, 10),
        )
    )


NETWORKS: dict[str, Callable[[NetworkOptions], nn.Module]] = {"digits": digits_network, "vgg7": vgg7}
"""The networks by name."""

IMAGE_SHAPES = {"digits": (1, 8, 8), "vgg7": (3, 32, 32)}
"""The images each network takes: (channels, height, width)."""


def build_network(name: str, options: NetworkOptions) -> nn.Module:
    """The network `name` with initial weights that depend on the seed alone. Raises ValueError for another name."""
    if name not in NETWORKS:
        raise ValueError(f"network is {name!r}; allowed are {', '.join(NETWORKS)}")
    with torch.random.fork_rng():
        torch.manual_seed(options.seed)
        return NETWORKS[name](options)


def _block(convolution: nn.Module, channels: int, *, pool: bool = False) -> nn.Module:
    parts = OrderedDict(convolution=convolution, norm=nn.BatchNorm2d(channels), relu=nn.ReLU())
    if pool:
        parts["pool"] = nn.MaxPool2d(2)
    return nn.Sequential(parts)
