"""Attention in runs by matrix products on channels-first tensors of rank 5 at most, which all converters take."""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.attention.run_bias import RunBias


def matmul_runs(qkv: Tensor, heads: int, length: int, position_bias: RunBias | None) -> Tensor:
    """Attention inside each run of `length` tokens; the last run may be shorter.

    qkv: (batch, 3 channels, height, width), whose pixels are read row by row. Returns (batch, channels, height, width).
    Two reshapes and two transposes where runs divide the map. Elsewhere whole runs come first and the tail alone after
    them; where an exported graph leaves height or width open, the last run is padded, and its padding is never a key.
    """
    batch, _, height, width = qkv.shape
    tokens = height * width
    shape = (batch, qkv.shape[1] // 3, height, width)
    if not isinstance(tokens, int):
        return _padded(qkv.flatten(2), heads, length, position_bias).reshape(shape)
    if tokens <= length or tokens % length == 0:
        return _attended(qkv, heads, min(tokens, length), position_bias).reshape(shape)
    whole = tokens - tokens % length
    flat = qkv.flatten(2)
    runs = _attended(flat[..., :whole], heads, length, position_bias).flatten(3)
    tail = _attended(flat[..., whole:], heads, tokens - whole, position_bias).flatten(3)
    return torch.cat((runs, tail), 3).reshape(shape)


def _padded(flat: Tensor, heads: int, length: int, position_bias: RunBias | None) -> Tensor:
    tokens = flat.shape[2]
    runs = (tokens + length - 1) // length
    real = (torch.arange(runs * length, device=flat.device) < tokens).reshape(runs, 1, length)
    full = F.pad(flat, (0, runs * length - tokens))
    return _attended(full, heads, length, position_bias, real).flatten(3)[..., :tokens]


def _attended(
    qkv: Tensor, heads: int, length: int, position_bias: RunBias | None, real: Tensor | None = None
) -> Tensor:
    """Attention of shape (batch, heads, head size, runs, length); keys that are not real are left out."""
    head_dim = qkv.shape[1] // (3 * heads)
    split = qkv.reshape(qkv.shape[0], 3 * heads, head_dim, -1, length).transpose(2, 3)
    query, key, value = split[:, :heads], split[:, heads : 2 * heads], split[:, 2 * heads :]
    bias = None if position_bias is None else position_bias(length)[:, None]
    return matmul_attention(query, key, value, bias, real).transpose(2, 3)


def matmul_attention(
    query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None = None, real: Tensor | None = None
) -> Tensor:
    """Attention among all tokens of (..., head size, tokens); keys that are not real are left out.

    bias, real: what broadcasts to (..., queries, keys).
    """
    scores = torch.matmul((query * query.shape[-2] ** -0.5).transpose(-2, -1), key)
    if bias is not None:
        scores = scores + bias.to(scores.dtype)
    if real is not None:
        scores = scores.masked_fill(~real, -torch.inf)
    return torch.matmul(value, scores.softmax(-1).transpose(-2, -1))
