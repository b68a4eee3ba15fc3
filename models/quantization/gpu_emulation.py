"""Emulation of accumulators by two GPU kernels, which torch.compile generates."""

import shutil
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from models.quantization.accumulators import Accumulator, Overflow
from models.quantization.channels import per_channel

# A code: the slope of the function in the low two bits, the direction of an overflow above; as in native/emulation.c.
_FLAT, _RISING, _FOLDED, _FALLING, _ABOVE, _BELOW, _SLOPES = 0, 1, 2, 3, 4, 8, 3


@cache
def available() -> bool:
    """Whether torch.compile can make GPU kernels here, which takes Triton and a C compiler."""
    return find_spec("triton") is not None and any(map(shutil.which, ("cc", "gcc", "clang")))


def forward(
    sums: Tensor, scale: Tensor, accumulator: Accumulator, *, rounded: bool, penalised: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """See models.quantization.emulation.FusedEmulation."""
    half, slope = 2.0 ** (accumulator.value_bits - 1), float(accumulator.slope)
    factors = per_channel(scale, sums)
    return _compiled(fold)(sums, factors, accumulator.overflow.value, half, slope, rounded, penalised)  # type: ignore[no-any-return]


def backward(
    codes: Tensor, scale: Tensor, accumulator: Accumulator, gradient: Tensor, penalty_gradient: Tensor
) -> Tensor:
    """See models.quantization.emulation.FusedEmulation."""
    push = penalty_gradient / codes.numel()
    factors = per_channel(scale, codes)
    return _compiled(unfold)(codes, factors, float(accumulator.slope), gradient, push)  # type: ignore[no-any-return]


@cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return torch.compile(function)


def fold(
    sums: Tensor, factors: Tensor, overflow: str, half: float, slope: float, rounded: bool, penalised: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The output, a code for each sum, and the penalty, or 0. factors: the scales, shaped to meet the sums."""
    sums = sums.round() if rounded else sums
    threshold = slope * half / (slope + 1)
    if overflow == Overflow.CYCLIC:
        wrapped = sums - (sums / (2 * half)).round() * (2 * half)
        magnitude = wrapped.abs()
        values = torch.copysign(torch.minimum(magnitude, (half - magnitude) * slope), wrapped)
        codes = torch.where(magnitude > threshold, _FOLDED, _RISING)
    else:
        wrapped = sums - ((sums + half) / (2 * half)).floor() * (2 * half)
        values, codes = _fold_wrapped(wrapped, overflow, half, slope, threshold)
    below = half * (1 - 2.0**-24)  # the number just below: magnitudes from `half` on have a gradient
    codes = codes + torch.where(sums > below, _ABOVE, 0) + torch.where(sums < -below, _BELOW, 0)
    excess = (sums.abs() - half).clamp(min=0).sum(dtype=torch.float64) if penalised else sums.new_zeros(())
    return factors * values, codes.to(torch.int8), (excess / sums.numel()).to(sums.dtype)


def _fold_wrapped(wrapped: Tensor, overflow: str, half: float, slope: float, threshold: float) -> tuple[Tensor, Tensor]:
    if overflow == Overflow.ABSOLUTE:
        falling_or_flat = torch.where(wrapped < 0, _FALLING, _FLAT)
        return wrapped.abs(), torch.where(wrapped > 0, _RISING, falling_or_flat)
    if overflow == Overflow.RELU_LIKE:
        values = torch.minimum(wrapped.clamp(min=0), (half - wrapped) * slope)
        rising_or_flat = torch.where(wrapped >= 0, _RISING, _FLAT)
        return values, torch.where(wrapped > threshold, _FOLDED, rising_or_flat)
    return wrapped, torch.full_like(wrapped, _RISING, dtype=torch.int64)


def unfold(codes: Tensor, factors: Tensor, slope: float, gradient: Tensor, push: Tensor) -> Tensor:
    """The gradient of the sums. push: that of the penalty, for each sum that overflows."""
    kinds = codes & _SLOPES
    scaled = gradient * factors
    # Chosen, not multiplied: a product would be fused with the addition, and rounded once instead of twice.
    falling_or_flat = torch.where(kinds == _FALLING, -scaled, scaled * 0)
    others = torch.where(kinds == _FOLDED, scaled * -slope, falling_or_flat)
    through = torch.where(kinds == _RISING, scaled, others)
    pushed = torch.where((codes & _ABOVE) != 0, push, torch.where((codes & _BELOW) != 0, -push, torch.zeros_like(push)))
    return through + pushed
