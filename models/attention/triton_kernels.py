"""Triton kernels of attention in runs: one program for a run and a head, which reads q, k, v where they lie."""

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

_PROGRAMS_PER_HEAD = 256


@triton.jit  # type: ignore[untyped-decorator]
def forward_kernel(  # type: ignore[no-untyped-def]  # Triton compiles no other annotation than its own
    qkv, table, out, tokens, height, width, runs,
    HEADS: tl.constexpr, LENGTH: tl.constexpr, HEAD_DIM: tl.constexpr, BLOCK: tl.constexpr, WIDE: tl.constexpr,
    SCALE: tl.constexpr, SWAP: tl.constexpr, BIAS: tl.constexpr,
) -> None:  # fmt: skip
    """Attention of the run `program_id(0)` of all images, in the head `program_id(1)`."""
    run = tl.program_id(0)
    head = tl.program_id(1)
    position = tl.arange(0, BLOCK)
    token = (run % runs) * LENGTH + position
    real = (position < LENGTH) & (token < tokens)
    pixel = token
    if SWAP:
        pixel = (token % height) * width + token // height
    pixel = (run // runs).to(tl.int64) * tokens + pixel
    channel = head * HEAD_DIM + tl.arange(0, WIDE)
    inside = real[:, None] & (tl.arange(0, WIDE) < HEAD_DIM)[None, :]
    at = pixel[:, None] * (3 * HEADS * HEAD_DIM) + channel[None, :]
    q = tl.load(qkv + at, mask=inside, other=0.0)
    k = tl.load(qkv + at + HEADS * HEAD_DIM, mask=inside, other=0.0)
    v = tl.load(qkv + at + 2 * HEADS * HEAD_DIM, mask=inside, other=0.0)
    scores = tl.dot(q, tl.trans(k), input_precision="ieee") * SCALE
    if BIAS:
        offset = position[None, :] - position[:, None] + head * (2 * LENGTH - 1) + LENGTH - 1
        scores += tl.load(table + offset, mask=real[:, None] & real[None, :], other=0.0)
    scores = tl.where(real[None, :], scores, float("-inf"))
    weights = tl.exp(scores - tl.max(scores, 1)[:, None])
    mixed = tl.dot(weights.to(v.dtype), v, input_precision="ieee") / tl.sum(weights, 1)[:, None]
    tl.store(out + pixel[:, None] * (HEADS * HEAD_DIM) + channel[None, :], mixed.to(v.dtype), mask=inside)


@triton.jit  # type: ignore[untyped-decorator]
def backward_kernel(  # type: ignore[no-untyped-def]  # Triton compiles no other annotation than its own
    qkv, table, gradient, qkv_gradient, bias_gradient, tokens, height, width, runs, all_runs,
    HEADS: tl.constexpr, LENGTH: tl.constexpr, HEAD_DIM: tl.constexpr, BLOCK: tl.constexpr, WIDE: tl.constexpr,
    SCALE: tl.constexpr, SWAP: tl.constexpr, BIAS: tl.constexpr,
) -> None:  # fmt: skip
    """Gradients of q, k, v for every `num_programs(0)`-th run, and of the bias summed over these runs."""
    head = tl.program_id(1)
    position = tl.arange(0, BLOCK)
    channel = head * HEAD_DIM + tl.arange(0, WIDE)
    pairs = position[:, None] * BLOCK + position[None, :]
    where = (tl.program_id(0) * HEADS + head) * BLOCK * BLOCK + pairs
    total = tl.zeros((BLOCK, BLOCK), dtype=bias_gradient.dtype.element_ty)
    for run in range(tl.program_id(0), all_runs, tl.num_programs(0)):
        token = (run % runs) * LENGTH + position
        real = (position < LENGTH) & (token < tokens)
        pixel = token
        if SWAP:
            pixel = (token % height) * width + token // height
        pixel = tl.cast(run // runs, tl.int64) * tokens + pixel
        inside = real[:, None] & (tl.arange(0, WIDE) < HEAD_DIM)[None, :]
        both = real[:, None] & real[None, :]
        at = pixel[:, None] * (3 * HEADS * HEAD_DIM) + channel[None, :]
        q = tl.load(qkv + at, mask=inside, other=0.0)
        k = tl.load(qkv + at + HEADS * HEAD_DIM, mask=inside, other=0.0)
        v = tl.load(qkv + at + 2 * HEADS * HEAD_DIM, mask=inside, other=0.0)
        d = tl.load(gradient + pixel[:, None] * (HEADS * HEAD_DIM) + channel[None, :], mask=inside, other=0.0)
        scores = tl.dot(q, tl.trans(k), input_precision="ieee") * SCALE
        if BIAS:
            offset = position[None, :] - position[:, None] + head * (2 * LENGTH - 1) + LENGTH - 1
            scores += tl.load(table + offset, mask=both, other=0.0)
        scores = tl.where(real[None, :], scores, float("-inf"))
        weights = tl.exp(scores - tl.max(scores, 1)[:, None])
        weights = weights / tl.sum(weights, 1)[:, None]
        dv = tl.dot(tl.trans(weights.to(v.dtype)), d, input_precision="ieee")
        dw = tl.dot(d, tl.trans(v), input_precision="ieee")
        ds = weights * (dw - tl.sum(weights * dw, 1)[:, None])
        if BIAS:
            total += tl.where(both, ds, 0.0)
        dq = tl.dot(ds.to(k.dtype), k, input_precision="ieee") * SCALE
        dk = tl.dot(tl.trans(ds.to(q.dtype)), q, input_precision="ieee") * SCALE
        tl.store(qkv_gradient + at, dq.to(q.dtype), mask=inside)
        tl.store(qkv_gradient + at + HEADS * HEAD_DIM, dk.to(q.dtype), mask=inside)
        tl.store(qkv_gradient + at + 2 * HEADS * HEAD_DIM, dv.to(q.dtype), mask=inside)
    if BIAS:
        tl.store(bias_gradient + where, total)


def forward(qkv: Tensor, table: Tensor | None, heads: int, length: int, swap: bool) -> Tensor:
    """Attention inside runs; see models.attention.triton_backend.runs."""
    batch, height, width, channels = qkv.shape
    runs = triton.cdiv(height * width, length)
    out = qkv.new_empty(batch, height, width, channels // 3)
    forward_kernel[(batch * runs, heads)](
        qkv, qkv if table is None else table.contiguous(), out, height * width, height, width, runs,
        **_shapes(qkv, table, heads, length, swap),
    )  # fmt: skip
    return out


def backward(
    qkv: Tensor, table: Tensor | None, gradient: Tensor, heads: int, length: int, swap: bool
) -> tuple[Tensor, Tensor | None]:
    """The gradients of qkv and of the bias, (heads, length, length), summed over images and runs.

    Each program sums its own runs, and their sums are added in a fixed order: the result never varies.
    """
    batch, height, width, _ = qkv.shape
    runs = triton.cdiv(height * width, length)
    programs = min(batch * runs, _PROGRAMS_PER_HEAD)
    sums = 0 if table is None else programs
    shapes = _shapes(qkv, table, heads, length, swap)
    block = shapes["BLOCK"]
    qkv_gradient = torch.empty_like(qkv)
    precise = torch.float64 if qkv.dtype == torch.float64 else torch.float32
    bias_gradient = torch.empty(sums, heads, block, block, dtype=precise, device=qkv.device)
    backward_kernel[(programs, heads)](
        qkv, qkv if table is None else table.contiguous(), gradient, qkv_gradient, bias_gradient,
        height * width, height, width, runs, batch * runs, **shapes,
        num_stages=1,  # more do not fit into the shared memory of long runs
        num_warps=4 if block * shapes["WIDE"] <= 64 * 32 else 8,
    )  # fmt: skip
    return qkv_gradient, None if table is None else bias_gradient.sum(0)[:, :length, :length]


def _shapes(qkv: Tensor, table: Tensor | None, heads: int, length: int, swap: bool) -> dict[str, Any]:
    head_dim = qkv.shape[3] // (3 * heads)
    return {
        "SCALE": head_dim**-0.5,
        "HEADS": heads,
        "LENGTH": length,
        "HEAD_DIM": head_dim,
        "BLOCK": max(16, triton.next_power_of_2(length)),
        "WIDE": max(16, triton.next_power_of_2(head_dim)),
        "SWAP": swap,
        "BIAS": table is not None,
    }
