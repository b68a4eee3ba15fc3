"""The cyclic activations for training: float tensors, with gradients almost everywhere.

On integers they return exactly what `models.arithmetic` returns, as long as the float type holds the
sums exactly (float32: below 2^24) and the slope is below 2^20. Between integers they interpolate, so that
a network can be warmed up with activations that are not rounded yet.

A training step runs them on every sum, so they are written for speed: in blocks that stay in a CPU's cache, without
`torch.where`, which is many times slower there than arithmetic, and with one byte per sum kept for the gradient.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_BLOCK = 1 << 17  # half a megabyte of float32; larger temporaries also cost page faults


def wrap(values: Tensor, bits: int) -> Tensor:
    """`values` modulo 2^bits in [-2^(bits-1), 2^(bits-1)); the gradient is 1."""
    period = float(1 << bits)
    turns = (values.detach() + period / 2).div_(period).floor_()
    return values - turns.mul_(period)


def cyclic(values: Tensor, bits: int, slope: int) -> Tensor:
    """The cyclic activation of slope k; the gradient is 1 inside [-t, t] and -k outside."""
    result: Tensor = _Cyclic.apply(values, bits, slope)  # type: ignore[no-untyped-call]
    return result


def relu_like(values: Tensor, bits: int, slope: int) -> Tensor:
    """The ReLU-like cyclic function; the gradient is 0 for negative m, 1 up to t, and -k above."""
    result: Tensor = _ReluLike.apply(values, bits, slope)  # type: ignore[no-untyped-call]
    return result


def absolute(values: Tensor, bits: int) -> Tensor:
    """The absolute cyclic function |m|; the gradient is the sign of m."""
    result: Tensor = _Absolute.apply(values, bits, 1)  # type: ignore[no-untyped-call]
    return result


def overflow_penalty(values: Tensor, bits: int) -> Tensor:
    """Mean amount by which the magnitudes of `values` exceed 2^(bits-1) (dissertation 2.3.2)."""
    result: Tensor = _OverflowPenalty.apply(values, bits)  # type: ignore[no-untyped-call]
    return result


class _Folded(torch.autograd.Function):
    """A function made of straight pieces: what is kept for the gradient is the slope, in a byte unless it is steep."""

    @staticmethod
    def fold(values: Tensor, bits: int, slope: int, result: Tensor, slopes: Tensor) -> None:
        """Fills in the function's values and its slopes."""
        raise NotImplementedError

    @classmethod
    def forward(cls, ctx: Any, values: Tensor, bits: int, slope: int) -> Tensor:
        kind = torch.int8 if slope <= torch.iinfo(torch.int8).max else torch.int32
        result, slopes = torch.empty_like(values), torch.empty_like(values, dtype=kind)
        for block in _blocks(values, result, slopes):
            cls.fold(block[0], bits, slope, *block[1:])
        ctx.save_for_backward(slopes)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (slopes,) = ctx.saved_tensors
        return slopes.to(gradient.dtype).mul_(gradient), None, None


class _Cyclic(_Folded):
    @staticmethod
    def fold(values: Tensor, bits: int, slope: int, result: Tensor, slopes: Tensor) -> None:
        period, half = float(1 << bits), float(1 << (bits - 1))
        # The nearest multiple of the period: halfway between two, the function is 0 and its slope -k whichever it is.
        wrapped = values - (values / period).round_().mul_(period)
        magnitude = wrapped.abs()
        folded = (half - magnitude).mul_(slope)
        torch.minimum(magnitude, folded, out=folded)
        torch.copysign(folded, wrapped, out=result)
        slopes.copy_(magnitude > _threshold(bits, slope)).mul_(-1 - slope).add_(1)


class _ReluLike(_Folded):
    @staticmethod
    def fold(values: Tensor, bits: int, slope: int, result: Tensor, slopes: Tensor) -> None:
        wrapped = wrap(values, bits)
        folded = (float(1 << (bits - 1)) - wrapped).mul_(slope)
        torch.minimum(wrapped.clamp(min=0), folded, out=result)
        slopes.copy_(wrapped > _threshold(bits, slope)).mul_(-1 - slope).add_(wrapped >= 0)


class _Absolute(_Folded):
    @staticmethod
    def fold(values: Tensor, bits: int, slope: int, result: Tensor, slopes: Tensor) -> None:
        wrapped = wrap(values, bits)
        torch.abs(wrapped, out=result)
        slopes.copy_(wrapped.sign_())


class _OverflowPenalty(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, bits: int) -> Tensor:
        half = float(1 << (bits - 1))
        # Magnitudes from 2^(bits-1) on have a gradient, so the shrinking starts at the number just below.
        below = half * (1 - torch.finfo(values.dtype).eps / 2)
        directions = torch.empty_like(values, dtype=torch.int8)
        excess = []
        for block, direction in _blocks(values, directions):
            excess.append(functional.softshrink(block, half).abs_().sum(dtype=torch.float64))
            direction.copy_(functional.hardshrink(block, below).sign_())
        ctx.save_for_backward(directions)
        return (torch.stack(excess).sum() / values.numel()).to(values.dtype)  # exact until here for integers

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (directions,) = ctx.saved_tensors
        return directions.to(gradient.dtype).mul_(gradient / directions.numel()), None


def _threshold(bits: int, slope: int) -> float:
    """t, where the slope turns from 1 to -k."""
    return slope * float(1 << (bits - 1)) / (slope + 1)


def _blocks(*tensors: Tensor) -> Iterable[tuple[Tensor, ...]]:
    """Views of tensors of one shape, block by block; all at once where there is no cache to stay in."""
    first = tensors[0]
    if first.device.type != "cpu" or first.numel() <= _BLOCK or torch.compiler.is_compiling():
        return [tensors]
    rows = max(1, _BLOCK * len(first) // first.numel())
    return zip(*(torch.split(tensor, rows) for tensor in tensors), strict=True)
