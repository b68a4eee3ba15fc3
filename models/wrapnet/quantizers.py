"""Quantizers with straight-through gradients (dissertation 2.2.1)."""

import torch
from torch import Tensor


def binary_weights(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Signs of a weight tensor (out, ...) as -1.0 and +1.0, sign(0) = +1, and a scale (out,) of mean magnitude.

    The gradient of the signs passes straight through where the weight lies within [-1, 1], and is 0 outside; the
    scale carries no gradient.
    """
    signs = torch.where(weight >= 0, 1.0, -1.0).to(weight.dtype)
    scale = weight.detach().abs().flatten(1).mean(1)
    clipped = weight.clamp(-1, 1)
    return clipped + (signs - clipped).detach(), scale


def uniform_weights(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Symmetric integers of `bits` bits (2 or more), and a scale (out,).

    A channel's largest magnitude maps to 2^(bits-1) - 1. The gradient passes straight through the rounding.
    """
    largest = (1 << (bits - 1)) - 1
    scale = weight.detach().abs().flatten(1).amax(1).clamp(min=torch.finfo(weight.dtype).tiny) / largest
    scaled = weight / scale.view(-1, *[1] * (weight.dim() - 1))
    return scaled + (scaled.round() - scaled).detach(), scale


def scaled_activations(activation: Tensor, step: Tensor, bits: int) -> Tensor:
    """`activation / step` within [0, 2^bits - 1], not rounded: what a warm-up runs on."""
    return (activation / step).clamp(0, (1 << bits) - 1)


def quantized_activations(activation: Tensor, step: Tensor, bits: int) -> Tensor:
    """The integers round(activation / step) within [0, 2^bits - 1]; the gradient is straight through, clipped."""
    scaled = scaled_activations(activation, step, bits)
    return scaled + (scaled.round() - scaled).detach()
