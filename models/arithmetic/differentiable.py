"""The cyclic activations for training: float tensors, with gradients almost everywhere.

On integers they return exactly what `models.arithmetic` returns, as long as the float type holds the
sums exactly (float32: below 2^24) and the slope is below 2^20. Between integers they interpolate, so that
a network can be warmed up with activations that are not rounded yet.
"""

import torch
from torch import Tensor


def wrap(values: Tensor, bits: int) -> Tensor:
    """`values` modulo 2^bits in [-2^(bits-1), 2^(bits-1)); the gradient is 1."""
    period = float(1 << bits)
    half = period / 2
    return values - period * torch.floor((values.detach() + half) / period)


def cyclic(values: Tensor, bits: int, slope: int) -> Tensor:
    """The cyclic activation of slope k; the gradient is 1 inside [-t, t] and -k outside."""
    wrapped, threshold, half = _parts(values, bits, slope)
    # The distance to the nearer end of the period, steepened and given the sign of m.
    folded = slope * (torch.copysign(torch.full_like(wrapped, half), wrapped) - wrapped)
    return torch.where(wrapped.abs() > threshold, folded, wrapped)


def relu_like(values: Tensor, bits: int, slope: int) -> Tensor:
    """The ReLU-like cyclic function; the gradient is 0 for negative m, 1 up to t, and -k above."""
    wrapped, threshold, half = _parts(values, bits, slope)
    return torch.where(wrapped > threshold, slope * (half - wrapped), wrapped.clamp(min=0))


def absolute(values: Tensor, bits: int) -> Tensor:
    """The absolute cyclic function |m|; the gradient is the sign of m."""
    return wrap(values, bits).abs()


def overflow_penalty(values: Tensor, bits: int) -> Tensor:
    """Mean amount by which the magnitudes of `values` exceed 2^(bits-1) (dissertation 2.3.2)."""
    return (values.abs() - float(1 << (bits - 1))).clamp(min=0).mean()


def _parts(values: Tensor, bits: int, slope: int) -> tuple[Tensor, float, float]:
    half = float(1 << (bits - 1))
    return wrap(values, bits), slope * half / (slope + 1), half
