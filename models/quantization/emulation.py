"""Emulation of accumulators: their function of the sums, the scale and the overflow penalty, fused into one function.

A training step applies it to every sum, so it is fused: in C on a CPU, by torch.compile on a GPU. Without a compiler
it runs as separate operations, with the same result bit for bit.
"""

from typing import Any, Protocol

import torch
from torch import Tensor

from models.arithmetic import differentiable
from models.quantization import gpu_emulation, native_emulation
from models.quantization.accumulators import Accumulator, Overflow
from models.quantization.channels import per_channel
from models.quantization.straight_through import straight_through

_LARGEST_SLOPE = 1 << 20


class FusedEmulation(Protocol):
    """A fused forward and a fused backward pass, neither differentiable by itself."""

    def forward(
        self, sums: Tensor, scale: Tensor, accumulator: Accumulator, *, rounded: bool, penalised: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The output, possibly in the memory of the sums; one byte per sum for the backward pass; the penalty or 0."""

    def backward(
        self, codes: Tensor, scale: Tensor, accumulator: Accumulator, gradient: Tensor, penalty_gradient: Tensor
    ) -> Tensor:
        """The gradient of the sums."""


def emulate(
    sums: Tensor, scale: Tensor, accumulator: Accumulator, *, rounded: bool = False, penalised: bool = False
) -> tuple[Tensor, Tensor | None]:
    """The accumulator's function of the sums, times the scale of their channel; and the overflow penalty, if asked for.

    sums: (batch, channels, ...), which may be overwritten. scale: (channels,). rounded: whether sums are rounded to
    integers first, since fast algorithms miss them slightly. penalised: whether the mean excess of the sums'
    magnitudes over 2^(bits-1) is computed, too (section 2.3.2).
    """
    fused = _fused_for(sums, scale, accumulator, rounded=rounded)
    if fused is None:
        return emulate_plainly(sums, scale, accumulator, rounded=rounded, penalised=penalised)
    output, penalty = _Fused.apply(sums, scale, accumulator, fused, rounded, penalised)  # type: ignore[no-untyped-call]
    return output, penalty if penalised else None


def emulate_plainly(
    sums: Tensor, scale: Tensor, accumulator: Accumulator, *, rounded: bool = False, penalised: bool = False
) -> tuple[Tensor, Tensor | None]:
    """The same as `emulate`, as separate operations."""
    if rounded:
        sums = straight_through(sums, sums.round())
    penalty = differentiable.overflow_penalty(sums, accumulator.value_bits) if penalised else None
    return per_channel(scale, sums) * accumulator.apply(sums), penalty


def _fused_for(sums: Tensor, scale: Tensor, accumulator: Accumulator, *, rounded: bool) -> FusedEmulation | None:
    """The fused emulation for these sums, or None; only separate operations have a gradient for the scale."""
    suits = (
        accumulator.overflow is not Overflow.EXACT
        and accumulator.slope <= _LARGEST_SLOPE
        and sums.dtype == scale.dtype == torch.float32
        and sums.dim() >= 2
        and sums.numel() > 0
        and not scale.requires_grad
        and not torch.compiler.is_compiling()
    )
    if suits and sums.is_cuda and gpu_emulation.available():
        return gpu_emulation
    if suits and not rounded and native_emulation.takes(sums):
        return native_emulation
    return None


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        sums: Tensor,
        scale: Tensor,
        accumulator: Accumulator,
        fused: FusedEmulation,
        rounded: bool,
        penalised: bool,
    ) -> tuple[Tensor, Tensor]:
        output, codes, penalty = fused.forward(sums, scale, accumulator, rounded=rounded, penalised=penalised)
        if output is sums:
            ctx.mark_dirty(sums)
        ctx.save_for_backward(codes, scale)
        ctx.accumulator, ctx.fused = accumulator, fused
        return output, penalty

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, penalty_gradient: Tensor) -> tuple[Tensor, None, None, None, None, None]:
        codes, scale = ctx.saved_tensors
        result = ctx.fused.backward(codes, scale, ctx.accumulator, gradient, penalty_gradient)
        return result, None, None, None, None, None
