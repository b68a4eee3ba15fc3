"""Local self-attention: attention inside runs of consecutive tokens (dissertation 4.3.2, Algorithm 2)."""

from typing import Literal

from torch import Tensor, nn

from models.attention import triton_backend
from models.attention.channels_first import exporting, pointwise
from models.attention.matmul_backend import matmul_runs
from models.attention.options import checked_count, checked_flag, head_count
from models.attention.run_bias import RunBias
from models.attention.sdpa_backend import in_one, sdpa_runs
from models.checks import check_choice

Backend = Literal["auto", "sdpa", "matmul", "triton"]
"""How attention is computed; `auto` takes matmul in an export, triton on a GPU that has it, and else sdpa."""


class LocalSelfAttention(nn.Module):
    """Multi-head attention inside runs of `length` tokens of a map.

    The pixels of a map are read row by row, or column by column with `swap`, and cut into runs; the last may be
    shorter, and what it lacks is never a key. The cost is 4 N C^2 + 2 length N C multiply-adds for N tokens of C
    channels (equation 4.4). Raises ValueError for heads that do not divide the channels, and for a length below 1.
    """

    def __init__(
        self,
        dim: int,
        head_dim: int = 32,
        length: int = 49,
        swap: bool = False,
        position_bias: bool = True,
        backend: Backend = "auto",
    ) -> None:
        super().__init__()
        self.heads = head_count(dim, head_dim)
        self.length = checked_count("length", length)
        self.swap = checked_flag("swap", swap)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.position_bias = RunBias(self.heads, length) if checked_flag("position_bias", position_bias) else None
        check_choice("backend", backend, Backend)
        self.backend: Backend = backend

    def forward(self, maps: Tensor) -> Tensor:
        backend = self._chosen(maps)
        if backend == "matmul":
            return self._channels_first(maps)
        if backend == "triton":
            return self._addressed(maps)
        return self._in_order(maps)

    def _chosen(self, maps: Tensor) -> Backend:
        if self.backend != "auto":
            return self.backend
        if exporting():
            return "matmul"
        usable = maps.is_cuda and triton_backend.takes(self.length, self.qkv.in_features // self.heads)
        return "triton" if usable else "sdpa"

    def _in_order(self, maps: Tensor) -> Tensor:
        """Tokens in the order of the runs, channels last."""
        pixels = maps.permute(0, 3, 2, 1) if self.swap else maps.permute(0, 2, 3, 1)
        parts = sdpa_runs(self._split(pixels.flatten(1, 2)), self.length, self.position_bias)
        mixed: Tensor = self.proj(in_one(parts)).reshape(pixels.shape)
        return mixed.permute(0, 3, 2, 1) if self.swap else mixed.permute(0, 3, 1, 2)

    def _split(self, tokens: Tensor) -> Tensor:
        qkv: Tensor = self.qkv(tokens)
        return qkv.reshape(*qkv.shape[:2], 3, self.heads, -1)

    def _channels_first(self, maps: Tensor) -> Tensor:
        """1x1 convolutions around matrix products; nothing changes the layout of channels."""
        ordered = maps.transpose(2, 3) if self.swap else maps
        qkv = pointwise(self.qkv, ordered)
        mixed = pointwise(self.proj, matmul_runs(qkv, self.heads, self.length, self.position_bias))
        return mixed.transpose(2, 3) if self.swap else mixed

    def _addressed(self, maps: Tensor) -> Tensor:
        """The kernel reads and writes pixels where they are, whichever way the runs go."""
        table = None if self.position_bias is None else self.position_bias.table
        qkv = self.qkv(maps.permute(0, 2, 3, 1))
        mixed = triton_backend.runs(qkv, table, self.heads, self.length, self.swap)
        return self.proj(mixed).permute(0, 3, 1, 2)  # type: ignore[no-any-return]


def set_backend(model: nn.Module, name: Backend) -> None:
    """All local self-attention in the model is computed by the backend of that name.

    Raises ValueError for a name that is not a backend's.
    """
    check_choice("backend", name, Backend)
    for module in model.modules():
        if isinstance(module, LocalSelfAttention):
            module.backend = name
