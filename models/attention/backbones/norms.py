"""Norms of maps (batch, channels, height, width)."""

import torch
from torch import Tensor, nn

from models.attention.backbones.letters import CONVOLUTIONS, NormName
from models.attention.channels_first import channel_norm


class MapLayerNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel.

    channels_first: whether it is written with means over the channels, which needs no transposes (Core ML); results
    differ by rounding alone.
    """

    channels_first = False

    def forward(self, maps: Tensor) -> Tensor:
        if self.channels_first:
            return channel_norm(self, maps)
        normed: Tensor = super().forward(maps.permute(0, 2, 3, 1))
        return normed.permute(0, 3, 1, 2)


def set_channels_first(model: nn.Module, channels_first: bool) -> None:
    """All layer norms of maps in the model are written in this form."""
    for module in model.modules():
        if isinstance(module, MapLayerNorm):
            module.channels_first = channels_first


def block_norm(norm: NormName, letter: str, channels: int) -> nn.Module:
    """The norm of a block whose mixer has this letter."""
    batch = norm == "bn" or (norm == "bn-ln" and letter in CONVOLUTIONS)
    return nn.BatchNorm2d(channels) if batch else MapLayerNorm(channels)


class LayerScale(nn.Module):
    """Multiplies each channel by a learned factor (Touvron et al., 2021)."""

    undecayed = ("factors",)

    def __init__(self, channels: int, initial: float) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.full((channels, 1, 1), initial))

    def forward(self, maps: Tensor) -> Tensor:
        return maps * self.factors
