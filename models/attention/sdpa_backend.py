"""Attention in runs by torch's scaled_dot_product_attention."""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.attention.run_bias import RunBias


def sdpa_runs(qkv: Tensor, length: int, position_bias: RunBias | None = None) -> list[Tensor]:
    """Attention inside each run of `length` tokens; the last run may be shorter.

    qkv: (batch, tokens, 3, heads, head size). Returns the whole runs, then the tail alone, so that nothing is padded or
    masked: tensors of (batch, tokens, channels) for `in_one`. A caller that has dropped qkv by then spares memory.
    """
    whole = qkv.shape[1] - qkv.shape[1] % length
    parts = [part for part in (qkv[:, :whole], qkv[:, whole:]) if part.shape[1]]
    return [_of_equal_runs(part, min(length, part.shape[1]), position_bias) for part in parts]


def in_one(parts: list[Tensor]) -> Tensor:
    """The parts one after the other along axis 1."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


def _of_equal_runs(qkv: Tensor, length: int, position_bias: RunBias | None) -> Tensor:
    runs = qkv.reshape(-1, length, *qkv.shape[2:])
    return attended(runs, None if position_bias is None else position_bias(length)).reshape(*qkv.shape[:2], -1)


def attended(qkv: Tensor, bias: Tensor | None = None) -> Tensor:
    """Attention among all tokens.

    qkv: (batch, tokens, 3, heads, head size). bias: (heads, tokens, tokens). Returns (batch, tokens, channels).
    """
    query, key, value = qkv.permute(2, 0, 3, 1, 4)
    mask = None if bias is None else bias.to(qkv.dtype)[None]
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
