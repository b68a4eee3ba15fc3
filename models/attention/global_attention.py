"""Global self-attention, whose cost grows with the square of the pixels."""

from torch import Tensor, nn

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
        pixels = maps.permute(0, 2, 3, 1)
        qkv = self.qkv(pixels.flatten(1, 2))
        mixed: Tensor = self.proj(attended(qkv.reshape(*qkv.shape[:2], 3, self.heads, -1)))
        return mixed.reshape(pixels.shape).permute(0, 3, 1, 2)
