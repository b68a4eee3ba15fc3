"""Quantized networks with batch norms that look trained, for tests of exports."""

import itertools
from typing import Any

import torch
from torch import Tensor, nn

from models.backbones.registry import NETWORKS, build_network
from models.data.sources import normalised
from models.quantization.accumulators import Accumulator
from models.quantization.layers import configure, quantized_layers
from models.quantization.observation import Request, observe
from models.quantization.pixels import PixelScale
from models.quantization.step_sizes import choose_one_step_size, choose_score_steps, choose_step_sizes
from models.wrapnet.networks import IntegerEdges, WrapNetOptions

OVERFLOWS = ("exact", "wrap", "cyclic", "relu-like", "absolute")
WIDTHS = {"digits": 6, "vgg7": 4, "alexnet": 4, "resnet20": 4, "resnet18": 4, "resnet50": 8}
PIXELS = {
    1: PixelScale((4.9,), (6.0,), 16),
    3: PixelScale((125.3, 122.9, 113.9), (62.9, 62.1, 66.7), 255),
}
"""Scales of pixels, by the number of channels."""


def pixels_of(images: Tensor, scale: PixelScale) -> Tensor:
    """The uint8 pixels of normalised images."""
    mean, std = (torch.tensor(values, dtype=torch.float64).view(-1, 1, 1) for values in (scale.mean, scale.std))
    return (images.double() * std + mean).round().byte()


CASES = [
    *itertools.product(("digits", "vgg7", "resnet20"), OVERFLOWS, (8, 10, 12), ("none",)),
    *itertools.product(("digits", "resnet20"), OVERFLOWS, (8,), ("buffer",)),
    *itertools.product(("digits", "vgg7"), OVERFLOWS[1:], (8, 12), ("carries",)),
    ("resnet20", "cyclic", 10, "carries"),
]


def trained_network(
    name: str,
    *,
    overflow: Any = "cyclic",
    bits: int = 8,
    packing: Any = "none",
    images: int = 4,
    pixels: PixelScale | None = None,
    **options: Any,
) -> tuple[nn.Module, Tensor]:
    """A network whose batch norms look trained, some gains negative or 0, and images.

    pixels: makes first and last layer integer, and the images pixels of that scale.
    """
    edges = None if pixels is None else IntegerEdges(options.pop("edge_bits", 8), pixels)
    network = build_network(name, WrapNetOptions(width=WIDTHS[name], edges=edges, **options))
    generator = torch.Generator().manual_seed(bits)
    shape = (images, *NETWORKS[name].image_shape)
    if pixels is None:
        batch = torch.randn(shape, generator=generator)
    else:
        batch = normalised(torch.randint(pixels.white + 1, shape, generator=generator), pixels.mean, pixels.std)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    with torch.no_grad():
        for norm in norms:
            norm.momentum = None
            norm.weight.copy_(torch.rand(norm.num_features, generator=generator) + 0.5)
            norm.weight[1] *= -1
            norm.weight[2] = 0
            norm.bias.copy_(0.5 * torch.randn(norm.num_features, generator=generator))
        # The first pass sets running statistics for the step sizes, the second those of the quantized network.
        configure(network, "float", Accumulator(bits=bits, overflow=overflow))
        network.train()(batch)
        network.eval()
        choose = choose_one_step_size if NETWORKS[name].residual else choose_step_sizes
        choose(network, batch, 0.05)
        choose_score_steps(network, batch)
        configure(network, "quantized", Accumulator(bits=bits, overflow=overflow, packing=packing))
        network.train()(batch)
        network.eval()
        with observe(quantized_layers(network), Request.CALIBRATE):
            network(batch)
    return network, batch
