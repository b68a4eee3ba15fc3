"""Quantizers with straight-through gradients (dissertation 2.2.1)."""

from typing import Any

import torch
from torch import Tensor

WEIGHT_KINDS = ("binary", "ternary", *(str(bits) for bits in range(2, 9)))
"""Ways to quantize weights: `binary`, `ternary`, or the bits of a uniform quantizer, 2 to 8."""

BOUNDED_KINDS = tuple(f"bounded-{bits}" for bits in range(2, 9))
"""Weights of 2 to 8 bits that never overflow the accumulator; see models.quantization.bounded_weights."""

_TERNARY_THRESHOLD = 0.7


def quantize_weights(weight: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """Integers (as floats) and a scale (out,) for a weight tensor (out, ...), by one of WEIGHT_KINDS.

    No scale carries a gradient. Raises ValueError for another kind.
    """
    if kind == "binary":
        return binary_weights(weight)
    if kind == "ternary":
        return ternary_weights(weight)
    return uniform_weights(weight, weight_bits(kind))


def weight_bits(kind: str) -> int:
    """Bits that hold the integers of a kind of weights; 1 for binary weights, which encode -1 and +1."""
    if kind not in WEIGHT_KINDS + BOUNDED_KINDS:
        raise ValueError(f"weights are {kind!r}; allowed are {', '.join(WEIGHT_KINDS + BOUNDED_KINDS)}")
    return {"binary": 1, "ternary": 2}.get(kind) or int(kind.removeprefix("bounded-"))


def binary_weights(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Signs of a weight tensor (out, ...) as -1.0 and +1.0, sign(0) = +1, and a scale (out,) of mean magnitude.

    The gradient of the signs passes straight through where the weight lies within [-1, 1], and is 0 outside.
    """
    signs = (weight.detach() >= 0).to(weight.dtype).mul_(2).sub_(1)
    return _straight_through_clipped(weight, signs), weight.detach().abs().flatten(1).mean(1)


def ternary_weights(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weights as -1, 0 and +1: 0 up to 0.7 of a channel's mean magnitude; the scale is the mean of the others.

    The gradient passes straight through where the weight lies within [-1, 1], and is 0 outside. (Ternary weight
    networks, as the dissertation's TWN.)
    """
    magnitude = weight.detach().abs().flatten(1)
    threshold = _TERNARY_THRESHOLD * magnitude.mean(1, keepdim=True)
    kept = magnitude > threshold
    scale = (magnitude * kept).sum(1) / kept.sum(1).clamp(min=1)
    signs = torch.sign(weight.detach()) * kept.view_as(weight)
    return _straight_through_clipped(weight, signs), scale


def uniform_weights(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Symmetric integers of `bits` bits (2 or more), and a scale (out,).

    A channel's largest magnitude maps to 2^(bits-1) - 1. The gradient passes straight through the rounding.
    """
    largest = (1 << (bits - 1)) - 1
    scale = weight.detach().abs().flatten(1).amax(1).clamp(min=torch.finfo(weight.dtype).tiny) / largest
    scaled = weight / scale.view(-1, *[1] * (weight.dim() - 1))
    return straight_through(scaled, scaled.round()), scale


def largest_weight(kind: str) -> int:
    """Largest magnitude among the integers of a kind of weights."""
    return max(1, (1 << (weight_bits(kind) - 1)) - 1)


def scaled_activations(activation: Tensor, step: Tensor, smallest: Tensor, largest: Tensor) -> Tensor:
    """`activation / step` within [smallest, largest], not rounded: what a warm-up runs on.

    The gradient is 1 / step within the limits, and 0 outside; none reaches step, smallest and largest.
    """
    scaled: Tensor = _Scaled.apply(activation, step, smallest, largest, False)  # type: ignore[no-untyped-call]
    return scaled


def quantized_activations(activation: Tensor, step: Tensor, smallest: Tensor, largest: Tensor) -> Tensor:
    """The integers round(activation / step) within [smallest, largest]; the gradient is that of scaled_activations."""
    integers: Tensor = _Scaled.apply(activation, step, smallest, largest, True)  # type: ignore[no-untyped-call]
    return integers


def straight_through(smooth: Tensor, quantized: Tensor) -> Tensor:
    """Exactly the value of `quantized`, with the gradient of `smooth`."""
    result: Tensor = _StraightThrough.apply(smooth, quantized)  # type: ignore[no-untyped-call]
    return result


def _straight_through_clipped(weight: Tensor, quantized: Tensor) -> Tensor:
    result: Tensor = _StraightThroughClipped.apply(weight, quantized)  # type: ignore[no-untyped-call]
    return result


# The functions below spare a training step time and memory: they keep a byte per activation for the gradient, where
# autograd would keep the scaled activations, and multiply by masks, since torch.where is many times slower on a CPU.


class _Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, activation: Tensor, step: Tensor, smallest: Tensor, largest: Tensor, rounded: bool) -> Tensor:
        scaled = activation / step
        clipped = torch.maximum(scaled, smallest)
        torch.minimum(clipped, largest, out=clipped)
        if ctx.needs_input_grad[0]:
            ctx.save_for_backward(scaled.eq_(clipped).to(torch.int8), step)
        return clipped.round_() if rounded else clipped

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        within, step = ctx.saved_tensors
        return (gradient * within).div_(step), None, None, None, None


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, smooth: Tensor, quantized: Tensor) -> Tensor:
        return quantized.view_as(quantized)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class _StraightThroughClipped(torch.autograd.Function):
    """Straight through where the weight lies within [-1, 1]."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, quantized: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return quantized.view_as(quantized)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (weight,) = ctx.saved_tensors
        return weight.abs().le_(1).mul_(gradient), None
