"""Attention in windows (Swin, without shifts) and in grids (MaxViT)."""

import torch.nn.functional as F
from torch import Tensor, nn

from models.attention.channels_first import exporting, pointwise
from models.attention.group_layout import GroupLayout
from models.attention.matmul_backend import matmul_attention
from models.attention.options import checked_count, checked_flag, head_count
from models.attention.partitions import Kind, Region, extent, joined, regions
from models.attention.sdpa_backend import attended
from models.attention.window_bias import WindowBias


class GroupedSelfAttention(nn.Module):
    """Multi-head attention inside groups of at most window x window pixels.

    A group is a window of neighbours, or a grid of pixels at equal distances. Groups at the border of a map that
    `window` does not divide have fewer pixels; nothing is padded.
    """

    def __init__(self, dim: int, kind: Kind, head_dim: int = 32, window: int = 7, position_bias: bool = True) -> None:
        super().__init__()
        self.heads = head_count(dim, head_dim)
        self.kind: Kind = kind
        self.window = checked_count("window", window)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.position_bias = WindowBias(self.heads, window) if checked_flag("position_bias", position_bias) else None

    def forward(self, maps: Tensor) -> Tensor:
        if exporting():
            return self._channels_first(maps)
        pixels = maps.permute(0, 2, 3, 1).contiguous()
        height, width = pixels.shape[1:3]
        rows, columns = (extent(self.kind, count, self.window) for count in (height, width))
        if (rows, columns) != (height, width):
            pixels = F.pad(pixels, (0, 0, 0, columns - width, 0, rows - height))
        cut = regions(self.kind, height, width, self.window)
        whole = joined(((region, self._mixed(pixels, region)) for region in cut), rows, columns, maps.shape[1])
        return self.proj(whole[:, :height, :width]).permute(0, 3, 1, 2)  # type: ignore[no-any-return]

    def _mixed(self, pixels: Tensor, region: Region) -> Tensor:
        groups = region.groups(pixels)
        rows, columns = region.members()
        qkv = self.qkv(groups.reshape(-1, rows * columns, pixels.shape[3]))
        qkv = qkv.reshape(*qkv.shape[:2], 3, self.heads, -1)
        bias = None if self.position_bias is None else self.position_bias(rows, columns)
        return attended(qkv, bias).reshape(groups.shape)

    def _channels_first(self, maps: Tensor) -> Tensor:
        """Four reshapes and four transposes of rank 5 at most; what fills up groups at the border is never a key."""
        layout = GroupLayout.of(self.kind, maps.shape[2], maps.shape[3], self.window)
        qkv = layout.groups(pointwise(self.qkv, maps), 3 * self.heads)
        query, key, value = (qkv[:, part * self.heads : (part + 1) * self.heads] for part in range(3))
        bias = None if self.position_bias is None else self.position_bias(*layout.members)[:, None]
        mixed = matmul_attention(query, key, value, bias, layout.real(maps.device))
        return pointwise(self.proj, layout.joined(mixed, maps.shape[1]))
