"""Attention in runs by a fused Triton kernel on the GPU."""

from functools import cache
from importlib.util import find_spec
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

_LONGEST = 128
_WIDEST = 64


@cache
def available() -> bool:
    """Whether Triton is installed."""
    return find_spec("triton") is not None


def takes(length: int, head_dim: int) -> bool:
    """Whether the kernel is there and holds a run of `length` tokens, with heads of `head_dim` channels, on chip."""
    return available() and length <= _LONGEST and head_dim <= _WIDEST


def runs(qkv: Tensor, table: Tensor | None, heads: int, length: int, swap: bool) -> Tensor:
    """Attention inside each run of `length` pixels, read row by row, or column by column with `swap`.

    qkv: (batch, height, width, 3 channels). table: position bias, heads x (2 length - 1). Returns (batch, height,
    width, channels). Raises ValueError where Triton is not installed, and for runs or heads that the kernel does not
    hold.
    """
    if not available():
        raise ValueError("backend is 'triton', which is not installed; allowed are auto, sdpa and matmul")
    head_dim = qkv.shape[3] // (3 * heads)
    if not takes(length, head_dim):
        raise ValueError(
            f"length is {length} and head_dim {head_dim}; the backend triton takes at most {_LONGEST} and {_WIDEST}"
        )
    return _Runs.apply(qkv.contiguous(), table, heads, length, swap)  # type: ignore[no-any-return, no-untyped-call]


class _Runs(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, qkv: Tensor, table: Tensor | None, heads: int, length: int, swap: bool) -> Tensor:
        from models.attention import triton_kernels  # Triton is no dependency

        ctx.save_for_backward(qkv, table)
        ctx.geometry = heads, length, swap
        return triton_kernels.forward(qkv, table, heads, length, swap)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        from models.attention import triton_kernels

        qkv, table = ctx.saved_tensors
        qkv_gradient, bias_gradient = triton_kernels.backward(qkv, table, gradients[0].contiguous(), *ctx.geometry)
        if bias_gradient is None:
            return qkv_gradient, None, None, None, None
        return qkv_gradient, summed_by_offset(bias_gradient).to(table.dtype), None, None, None


def summed_by_offset(bias: Tensor) -> Tensor:
    """The sums of (heads, length, length) along its diagonals, as the table of heads x (2 length - 1).

    Rows are shifted by a reshape instead of scattered, so that the order of the sum never changes.
    """
    length = bias.shape[1]
    shifted = F.pad(bias.flip(1), (0, length)).flatten(1)[:, : length * (2 * length - 1)]
    return shifted.reshape(-1, length, 2 * length - 1).sum(1)
