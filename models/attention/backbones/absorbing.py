"""Absorbs factors and shifts of channels into neighbouring layers, in evaluation mode."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

Linear = nn.Linear | nn.Conv2d


@dataclass(frozen=True)
class Affine:
    """values * factor + shift, of each channel, in float64."""

    factor: Tensor
    shift: Tensor

    def after(self, first: "Affine") -> "Affine":
        """This one after `first`."""
        return Affine(self.factor * first.factor, self.factor * first.shift + self.shift)


def batch_norm_affine(norm: _BatchNorm) -> Affine:
    """What a batch norm does in evaluation mode."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    return Affine(factor, norm.bias.double() - factor * norm.running_mean.double())


@torch.no_grad()
def absorb_input(layer: Linear, affine: Affine) -> None:
    """Lets a fully connected layer or 1x1 convolution apply the affine map to its inputs.

    A larger convolution pads with zeros, which the shift would change.
    """
    assert isinstance(layer, nn.Linear) or layer.kernel_size == (1, 1)
    weight = layer.weight.double()
    matrix = weight.flatten(1)
    _set(layer, (matrix * affine.factor).view_as(weight), _bias(layer) + matrix @ affine.shift)


@torch.no_grad()
def absorb_output(layer: Linear, affine: Affine) -> None:
    """Lets a layer apply the affine map to its outputs."""
    weight = layer.weight.double()
    factor = affine.factor.view(-1, *[1] * (weight.ndim - 1))
    _set(layer, weight * factor, _bias(layer) * affine.factor + affine.shift)


def factors(values: Tensor) -> Affine:
    """Multiplication by these factors."""
    factor = values.detach().double().flatten()
    return Affine(factor, torch.zeros_like(factor))


def shifts(values: Tensor) -> Affine:
    """Addition of these shifts."""
    return Affine(torch.ones_like(values, dtype=torch.float64), values.double())


def _bias(layer: Linear) -> Tensor:
    return layer.weight.new_zeros(len(layer.weight), dtype=torch.float64) if layer.bias is None else layer.bias.double()


def _set(layer: Linear, weight: Tensor, bias: Tensor) -> None:
    layer.weight.copy_(weight)
    if layer.bias is None:
        layer.bias = nn.Parameter(bias.to(layer.weight.dtype), requires_grad=layer.weight.requires_grad)
    else:
        layer.bias.copy_(bias)
