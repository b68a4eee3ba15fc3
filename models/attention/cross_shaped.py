"""Attention in crossing stripes (CSWin), with its locally enhanced positional encoding (LePE)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.attention.channels_first import exporting, pointwise
from models.attention.matmul_backend import matmul_runs
from models.attention.options import checked_count, head_count
from models.attention.sdpa_backend import in_one, sdpa_runs

# From (stripes, pixels across, pixels along, channels) to (stripes, channels, rows, columns), and back.
_Order = tuple[int, int, int, int]
_ACROSS: _Order = (0, 3, 1, 2)
_DOWN: _Order = (0, 3, 2, 1)
_BACK: dict[_Order, _Order] = {_ACROSS: (0, 2, 3, 1), _DOWN: (0, 3, 2, 1)}


class CrossShapedAttention(nn.Module):
    """Half of the heads attend inside horizontal stripes, the others inside vertical ones.

    A stripe is `stripe` pixels across and as long as the map; the last stripe may be narrower. A depthwise convolution
    of the values inside each stripe, 3x3 with zeros around it, is added. Of an odd number of heads, horizontal stripes
    have one more.
    """

    def __init__(self, dim: int, head_dim: int = 32, stripe: int = 7) -> None:
        super().__init__()
        self.heads = head_count(dim, head_dim)
        self.head_dim = head_dim
        self.stripe = checked_count("stripe", stripe)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.across = self.heads - self.heads // 2
        self.encodings = nn.ModuleList(
            nn.Conv2d(heads * head_dim, heads * head_dim, 3, padding=1, groups=heads * head_dim)
            for heads in (self.across, self.heads - self.across)
            if heads
        )

    def forward(self, maps: Tensor) -> Tensor:
        if exporting():
            return self._channels_first(maps)
        qkv = self.qkv(maps.permute(0, 2, 3, 1))
        qkv = qkv.reshape(*qkv.shape[:3], 3, maps.shape[1])
        across = self.across * self.head_dim
        mixed = self._stripes(qkv[..., :across], self.encodings[0], _ACROSS)
        if self.across < self.heads:
            down = self._stripes(qkv[..., across:].transpose(1, 2), self.encodings[1], _DOWN)
            mixed = torch.cat((mixed, down.transpose(1, 2)), 3)
        return self.proj(mixed).permute(0, 3, 1, 2)  # type: ignore[no-any-return]

    def _stripes(self, qkv: Tensor, encoding: nn.Module, order: _Order) -> Tensor:
        """Stripes are runs of pixels read along them; qkv has the axis across the stripes first."""
        height, width = qkv.shape[1:3]
        values = qkv[:, :, :, 2]
        tokens = qkv.reshape(qkv.shape[0], height * width, 3, -1, self.head_dim)
        mixed = in_one(sdpa_runs(tokens, self.stripe * width)).reshape(values.shape)
        whole = height - height % self.stripe
        parts = [part for part in (values[:, :whole], values[:, whole:]) if part.shape[1]]
        encoded = [self._encoded(part, encoding, order) for part in parts]
        return mixed + (encoded[0] if len(encoded) == 1 else torch.cat(encoded, 1))

    def _encoded(self, values: Tensor, encoding: nn.Module, order: _Order) -> Tensor:
        stripes = values.reshape(-1, min(self.stripe, values.shape[1]), *values.shape[2:])
        encoded: Tensor = encoding(stripes.permute(order)).permute(_BACK[order])
        return encoded.reshape(values.shape)

    def _channels_first(self, maps: Tensor) -> Tensor:
        """Stripes as runs of pixels, four reshapes and six transposes in all; the encoding cuts stripes out."""
        heads = (self.across, self.heads - self.across)
        qkv = pointwise(self.qkv, maps)
        starts = (0, self.across * self.head_dim)
        halves = []
        for encoding, axis, start, count in zip(self.encodings, (2, 3), starts, heads, strict=False):
            size = count * self.head_dim
            parts = [qkv[:, first + start : first + start + size] for first in range(0, qkv.shape[1], maps.shape[1])]
            half = torch.cat(parts, 1)
            halves.append(self._attended(half, count, axis) + self._encoded_stripes(parts[2], encoding, axis))
        return pointwise(self.proj, halves[0] if len(halves) == 1 else torch.cat(halves, 1))

    def _attended(self, qkv: Tensor, heads: int, axis: int) -> Tensor:
        """Attention inside stripes across the axis."""
        runs = qkv if axis == 2 else qkv.transpose(2, 3)
        mixed = matmul_runs(runs, heads, self.stripe * runs.shape[3], None)
        return mixed if axis == 2 else mixed.transpose(2, 3)

    def _encoded_stripes(self, values: Tensor, encoding: nn.Module, axis: int) -> Tensor:
        pixels = values.shape[axis]
        if isinstance(pixels, int):
            return torch.cat([encoding(stripe) for stripe in torch.split(values, self.stripe, axis)], axis)
        return self._encoded_volume(values, encoding, axis)

    def _encoded_volume(self, values: Tensor, encoding: nn.Module, axis: int) -> Tensor:
        """The same for any number of stripes: a convolution of volumes that is one pixel deep."""
        assert isinstance(encoding, nn.Conv2d)
        pixels = values.shape[axis]
        stripes = (pixels + self.stripe - 1) // self.stripe
        missing = stripes * self.stripe - pixels
        full = F.pad(values, (0, 0, 0, missing) if axis == 2 else (0, missing))
        volume = torch.unflatten(full, axis, (stripes, self.stripe))
        weight, padding = encoding.weight.unsqueeze(axis), [1, 1, 1]
        padding[axis - 2] = 0
        encoded = F.conv3d(volume, weight, encoding.bias, padding=padding, groups=encoding.groups)
        return encoded.flatten(axis, axis + 1).narrow(axis, 0, pixels)
