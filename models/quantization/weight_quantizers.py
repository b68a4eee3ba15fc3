"""Quantizers of weights, with straight-through gradients (dissertation 2.2.1)."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from models.quantization.channels import per_filter
from models.quantization.formats import Binary, Ternary, WeightFormat
from models.quantization.straight_through import straight_through, straight_through_clipped

_TERNARY_THRESHOLD = 0.7


class WeightQuantizer(nn.Module, ABC):
    """Turns a weight (out, ...) into integers of a format, held as floats, and their scale (out,)."""

    def __init__(self, weight_format: WeightFormat) -> None:
        super().__init__()
        self.format = weight_format

    @abstractmethod
    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The integers and their scale."""

    def fit(self, weight: Tensor) -> None:
        """Adjusts what the quantizer learns, and `weight` in place if need be, to a network trained without it."""

    def extra_repr(self) -> str:
        return self.format.name


class StatisticalQuantizer(WeightQuantizer):
    """Binary, ternary or uniform weights, whose scale follows from the weights; no gradient reaches it."""

    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        match self.format:
            case Binary():
                return binary_weights(weight)
            case Ternary():
                return ternary_weights(weight)
        return uniform_weights(weight, self.format.bits)


def binary_weights(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Signs of a weight (out, ...) as -1.0 and +1.0, sign(0) = +1, and a scale (out,) of mean magnitude.

    The gradient of the signs passes straight through where the weight lies within [-1, 1], and is 0 outside.
    """
    signs = (weight.detach() >= 0).to(weight.dtype).mul_(2).sub_(1)
    return straight_through_clipped(weight, signs), weight.detach().abs().flatten(1).mean(1)


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
    return straight_through_clipped(weight, signs), scale


def uniform_weights(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Symmetric integers of `bits` bits (2 or more), and a scale (out,).

    A channel's largest magnitude maps to 2^(bits-1) - 1. The gradient passes straight through the rounding.
    """
    largest = (1 << (bits - 1)) - 1
    scale = weight.detach().abs().flatten(1).amax(1).clamp(min=torch.finfo(weight.dtype).tiny) / largest
    scaled = weight / per_filter(scale, weight)
    return straight_through(scaled, scaled.round()), scale
