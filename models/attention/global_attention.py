"""Global self-attention, whose cost grows with the square of the pixels."""

from torch import Tensor, nn

from models.attention.channels_first import exporting, pointwise
from models.attention.matmul_backend import matmul_attention
from models.attention.options import head_count
from models.attention.sdpa_backend import attended


class GlobalSelfAttention(nn.Module):
    """Multi-head attention among all pixels of a map, without a position bias."""

    def __init__(self, dim: int, head_dim: int = 32) -> None:
        super().__init__()
        self.heads = head_count(dim, head_dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, maps: Tensor) -> Tensor:
        if exporting():
            return self._channels_first(maps)
        pixels = maps.permute(0, 2, 3, 1)
        qkv = self.qkv(pixels.flatten(1, 2))
        mixed: Tensor = self.proj(attended(qkv.reshape(*qkv.shape[:2], 3, self.heads, -1)))
        return mixed.reshape(pixels.shape).permute(0, 3, 1, 2)

    def _channels_first(self, maps: Tensor) -> Tensor:
        """Two reshapes and no transposes; nothing changes the layout of channels."""
        qkv = pointwise(self.qkv, maps).reshape(maps.shape[0], 3 * self.heads, maps.shape[1] // self.heads, -1)
        query, key, value = (qkv[:, part * self.heads : (part + 1) * self.heads] for part in range(3))
        return pointwise(self.proj, matmul_attention(query, key, value).reshape(maps.shape))
