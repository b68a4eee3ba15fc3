"""Spatial-reduction attention (PVT): all pixels attend to a map of lower resolution."""

import torch.nn.functional as F
from torch import Tensor, nn

from models.attention.channels_first import channel_norm, exporting, pointwise
from models.attention.matmul_backend import matmul_attention
from models.attention.options import checked_count, head_count


class SpatialReductionAttention(nn.Module):
    """Multi-head attention to one key for each square of reduction x reduction pixels.

    A convolution with that stride and a LayerNorm make the lower resolution. Squares at the border may be cut: what
    they lack counts as zero in the convolution, and each has at least one pixel.
    """

    def __init__(self, dim: int, head_dim: int = 32, reduction: int = 2) -> None:
        super().__init__()
        self.heads = head_count(dim, head_dim)
        self.reduction = checked_count("reduction", reduction)
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.proj = nn.Linear(dim, dim)
        if reduction > 1:
            self.reduce = nn.Conv2d(dim, dim, reduction, stride=reduction)
            self.norm = nn.LayerNorm(dim)

    def forward(self, maps: Tensor) -> Tensor:
        if exporting():
            return self._channels_first(maps)
        pixels = maps.permute(0, 2, 3, 1)
        tokens = pixels.flatten(1, 2)
        query = self.query(tokens).reshape(*tokens.shape[:2], self.heads, -1).transpose(1, 2)
        reduced = tokens if self.reduction == 1 else self._reduced(maps)
        split = self.key_value(reduced).reshape(*reduced.shape[:2], 2, self.heads, -1)
        key, value = split.permute(2, 0, 3, 1, 4)
        mixed: Tensor = self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))
        return mixed.reshape(pixels.shape).permute(0, 3, 1, 2)

    def _channels_first(self, maps: Tensor) -> Tensor:
        """Three reshapes and no transposes; nothing changes the layout of channels."""
        reduced = maps if self.reduction == 1 else channel_norm(self.norm, self.reduce(self._squares(maps)))
        head = (maps.shape[1] // self.heads, -1)
        query = pointwise(self.query, maps).reshape(maps.shape[0], self.heads, *head)
        key_value = pointwise(self.key_value, reduced).reshape(maps.shape[0], 2 * self.heads, *head)
        mixed = matmul_attention(query, key_value[:, : self.heads], key_value[:, self.heads :])
        return pointwise(self.proj, mixed.reshape(maps.shape))

    def _reduced(self, maps: Tensor) -> Tensor:
        return self.norm(self.reduce(self._squares(maps)).flatten(2).transpose(1, 2))  # type: ignore[no-any-return]

    def _squares(self, maps: Tensor) -> Tensor:
        """The maps, filled up with zeros to whole squares."""
        below, right = (-pixels % self.reduction for pixels in maps.shape[2:])
        whole = isinstance(below, int) and isinstance(right, int) and not (below or right)
        return maps if whole else F.pad(maps, (0, right, 0, below))
