"""Quantizers with straight-through gradients (dissertation 2.2.1)."""

import torch
from torch import Tensor

WEIGHT_KINDS = ("binary", "ternary", *(str(bits) for bits in range(2, 9)))
"""Ways to quantize weights: `binary`, `ternary`, or the bits of a uniform quantizer, 2 to 8."""

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
    if kind not in WEIGHT_KINDS:
        raise ValueError(f"weights are {kind!r}; allowed are {', '.join(WEIGHT_KINDS)}")
    return {"binary": 1, "ternary": 2}.get(kind) or int(kind)


def binary_weights(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Signs of a weight tensor (out, ...) as -1.0 and +1.0, sign(0) = +1, and a scale (out,) of mean magnitude.

    The gradient of the signs passes straight through where the weight lies within [-1, 1], and is 0 outside.
    """
    signs = torch.where(weight >= 0, 1.0, -1.0).to(weight.dtype)
    return _straight_through(weight.clamp(-1, 1), signs), weight.detach().abs().flatten(1).mean(1)


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
    return _straight_through(weight.clamp(-1, 1), signs), scale


def uniform_weights(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Symmetric integers of `bits` bits (2 or more), and a scale (out,).

    A channel's largest magnitude maps to 2^(bits-1) - 1. The gradient passes straight through the rounding.
    """
    largest = (1 << (bits - 1)) - 1
    scale = weight.detach().abs().flatten(1).amax(1).clamp(min=torch.finfo(weight.dtype).tiny) / largest
    scaled = weight / scale.view(-1, *[1] * (weight.dim() - 1))
    return _straight_through(scaled, scaled.round()), scale


def scaled_activations(activation: Tensor, step: Tensor, bits: int) -> Tensor:
    """`activation / step` within [0, 2^bits - 1], not rounded: what a warm-up runs on."""
    return (activation / step).clamp(0, (1 << bits) - 1)


def quantized_activations(activation: Tensor, step: Tensor, bits: int) -> Tensor:
    """The integers round(activation / step) within [0, 2^bits - 1]; the gradient is straight through, clipped."""
    scaled = scaled_activations(activation, step, bits)
    return _straight_through(scaled, scaled.round())


def _straight_through(smooth: Tensor, quantized: Tensor) -> Tensor:
    """Exactly the value of `quantized`, with the gradient of `smooth`."""
    # What is added is an exact 0. The usual smooth + (quantized - smooth).detach() can miss an integer by rounding.
    return quantized.detach() + (smooth - smooth.detach())
