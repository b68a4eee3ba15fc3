"""Small backbones of chapter 4, and networks that look trained."""

from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from models.attention.backbones.norms import LayerScale
from models.attention.backbones.registry import backbone
from models.attention.backbones.staged import StagedNetwork


def small(name: str, **options: Any) -> StagedNetwork:
    """A backbone of a quarter of the width, with 5 classes and runs of 16 tokens, in evaluation mode."""
    return backbone(name, **({"width": 0.25, "classes": 5, "length": 16} | options)).eval()


@torch.no_grad()
def lived_in(network: StagedNetwork) -> StagedNetwork:
    """The network with statistics, norms and layer scales that differ by channel, as training leaves them."""
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            assert module.running_mean is not None
            assert module.running_var is not None
            for values in (module.running_mean, module.bias):
                nn.init.normal_(values, generator=generator)
            for values in (module.running_var, module.weight):
                nn.init.uniform_(values, 0.5, 1.5, generator=generator)
        elif isinstance(module, LayerScale):
            nn.init.uniform_(module.factors, 0.1, 0.5, generator=generator)
    return network
