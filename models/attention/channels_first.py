"""Layers on maps (batch, channels, height, width) whose layout never changes, for exports."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def exporting() -> bool:
    """Whether torch is tracing a model for export to another format."""
    is_exporting = getattr(torch.compiler, "is_exporting", None)  # torch 2.7 and later
    return (is_exporting is not None and is_exporting()) or torch.onnx.is_in_onnx_export()


def pointwise(layer: nn.Linear, maps: Tensor) -> Tensor:
    """The layer on the channels of each pixel, as a 1x1 convolution."""
    return F.conv2d(maps, layer.weight[:, :, None, None], layer.bias)


def channel_norm(norm: nn.LayerNorm, maps: Tensor) -> Tensor:
    """Layer norm over the channels of each pixel, by means over the channels."""
    centred = maps - maps.mean(1, keepdim=True)
    deviation = (centred.square().mean(1, keepdim=True) + norm.eps).sqrt()
    return centred / deviation * norm.weight[:, None, None] + norm.bias[:, None, None]
