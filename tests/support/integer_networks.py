"""Quantized networks with batch norms that look trained, for tests of exports."""

import itertools
from typing import Any

import torch
from torch import Tensor, nn

from models.backbones.registry import NETWORKS, build_network
from models.quantization.accumulators import Accumulator
from models.quantization.layers import configure, quantized_layers
from models.quantization.observation import Request, observe
from models.quantization.step_sizes import choose_one_step_size, choose_step_sizes
from models.wrapnet.networks import WrapNetOptions

OVERFLOWS = ("exact", "wrap", "cyclic", "relu-like", "absolute")
WIDTHS = {"digits": 6, "vgg7": 4, "alexnet": 4, "resnet20": 4, "resnet18": 4, "resnet50": 8}
CASES = [
    *itertools.product(("digits", "vgg7", "resnet20"), OVERFLOWS, (8, 10, 12), ("none",)),
    *itertools.product(("digits", "resnet20"), OVERFLOWS, (8,), ("buffer",)),
    *itertools.product(("digits", "vgg7"), OVERFLOWS[1:], (8, 12), ("carries",)),
    ("resnet20", "cyclic", 10, "carries"),
]


def trained_network(
    name: str, *, overflow: Any = "cyclic", bits: int = 8, packing: Any = "none", images: int = 4, **options: Any
) -> tuple[nn.Module, Tensor]:
    """A network whose batch norms look trained, some gains negative or 0, and images."""
    network = build_network(name, WrapNetOptions(width=WIDTHS[name], **options))
    generator = torch.Generator().manual_seed(bits)
    batch = torch.randn(images, *NETWORKS[name].image_shape, generator=generator)
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
        configure(network, "quantized", Accumulator(bits=bits, overflow=overflow, packing=packing))
        network.train()(batch)
        network.eval()
        with observe(quantized_layers(network), Request.CALIBRATE):
            network(batch)
    return network, batch
