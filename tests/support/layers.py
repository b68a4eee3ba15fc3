"""Exported layers to check units with."""

import torch

from models.integer_network.layer import LayerExport


def make_layer(weight_bits: int = 1, activation_bits: int = 3, seed: int = 0) -> LayerExport:
    """A small layer of random integers: 4 channels of 3 x 3 kernels over 2 input channels, dot products of 18 terms."""
    generator = torch.Generator().manual_seed(seed)
    if weight_bits == 1:
        weights = 2 * torch.randint(2, (4, 2, 3, 3), generator=generator) - 1
    else:
        limit = 1 << (weight_bits - 1)
        weights = torch.randint(-limit, limit, (4, 2, 3, 3), generator=generator)
    activations = torch.randint(1 << activation_bits, (3, 2, 5, 5), generator=generator)
    return LayerExport(weights, activations, torch.ones(4), torch.zeros(4), weight_bits, activation_bits, 8, 2, 1)
