"""Wrap-around and the cyclic activations on integer tensors of any shape (dissertation 2.3.1, 2.6.2.1).

Every function returns int64. Throughout, b is the accumulator's width in bits, k the slope of the folded
arms, m the wrapped value in [-2^(b-1), 2^(b-1) - 1], and t = k / (k + 1) * 2^(b-1).
"""

import torch
from torch import Tensor

_WIDEST = 64


def wrap(values: Tensor, bits: int) -> Tensor:
    """What a two's-complement accumulator of `bits` bits (2 to 64) holds when the true sum is `values`."""
    values = _as_int64(values, bits)
    if bits == _WIDEST:
        return values.clone()
    half = 1 << (bits - 1)
    # Adding may overflow int64; that wraps modulo 2^64, which the mask does not notice.
    return ((values + half) & ((1 << bits) - 1)) - half


def cyclic(values: Tensor, bits: int, slope: int) -> Tensor:
    """The cyclic activation of slope k >= 1: m inside [-t, t], folded back towards 0 with slope -k outside.

    It has period 2^bits, so it is the same for a sum and for what a narrow accumulator keeps of it.
    """
    wrapped, above, below, folded = _fold(values, bits, slope)
    return torch.where(above | below, folded, wrapped)


def relu_like(values: Tensor, bits: int, slope: int) -> Tensor:
    """The ReLU-like cyclic function: 0 for negative m, m up to t, folded back with slope -k above."""
    wrapped, above, _, folded = _fold(values, bits, slope)
    return torch.where(above, folded, wrapped.clamp(min=0))


def absolute(values: Tensor, bits: int) -> Tensor:
    """The absolute cyclic function |m|. Its largest value, 2^(bits-1), needs one bit more than m; bits is 2 to 63."""
    if bits == _WIDEST:
        raise ValueError(f"bits is {bits}; allowed are the integers 2 to {_WIDEST - 1}, as 2^63 does not fit int64")
    return wrap(values, bits).abs()


def overflow_rate(values: Tensor, bits: int) -> float:
    """Share of `values` (true sums) outside the range of a `bits`-bit accumulator, between 0 and 1."""
    return (wrap(values, bits) != values).double().mean().item()


def fold_threshold(bits: int, slope: int) -> int:
    """Largest magnitude that the cyclic activation passes on unchanged: floor(t)."""
    _check_slope(slope)
    return (slope << (bits - 1)) // (slope + 1)


def _fold(values: Tensor, bits: int, slope: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The wrapped values, where they lie above t and below -t, and the folded arm there."""
    wrapped = wrap(values, bits)
    threshold = fold_threshold(bits, slope)
    above, below = wrapped > threshold, wrapped < -threshold
    # Steeper than 2^(bits-1) changes nothing: no integer but -2^(bits-1) is left outside [-t, t].
    slope = min(slope, (1 << (bits - 1)) - 1)
    # +-k 2^(b-1) - k m, both arms: they differ by k 2^b, which wrapping removes.
    half = wrap(torch.tensor(_signed64(1 << (bits - 1))), _WIDEST)
    return wrapped, above, below, wrap(slope * (half - wrapped), bits)


def _signed64(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _as_int64(values: Tensor, bits: int) -> Tensor:
    if not isinstance(bits, int) or not 2 <= bits <= _WIDEST:
        raise ValueError(f"bits is {bits!r}; allowed are the integers 2 to {_WIDEST}")
    if values.is_floating_point() or values.is_complex() or values.dtype == torch.bool:
        raise TypeError(f"values have the type {values.dtype}; an integer tensor is needed")
    return values.to(torch.int64)


def _check_slope(slope: int) -> None:
    if not isinstance(slope, int) or slope < 1:
        raise ValueError(f"slope is {slope!r}; allowed is an integer of at least 1")
