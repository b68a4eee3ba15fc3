"""Norms of maps (batch, channels, height, width)."""

import torch
from torch import Tensor, nn

from models.attention.backbones.letters import CONVOLUTIONS, NormName


class MapLayerNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel."""

    def forward(self, maps: Tensor) -> Tensor:
        normed: Tensor = super().forward(maps.permute(0, 2, 3, 1))
        return normed.permute(0, 3, 1, 2)


def block_norm(norm: NormName, letter: str, channels: int) -> nn.Module:
    """The norm of a block whose mixer has this letter."""
    batch = norm == "bn" or (norm == "bn-ln" and letter in CONVOLUTIONS)
    return nn.BatchNorm2d(channels) if batch else MapLayerNorm(channels)


class LayerScale(nn.Module):
    """Multiplies each channel by a learned factor (Touvron et al., 2021)."""

    def __init__(self, channels: int, initial: float) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.full((channels, 1, 1), initial))

    def forward(self, maps: Tensor) -> Tensor:
        return maps * self.factors
