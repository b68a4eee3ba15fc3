"""Functions whose values are rounded and whose gradients are not (dissertation 2.2.1).

They spare a training step time and memory: a byte for each activation is kept for the gradient where autograd would
keep the scaled activations, and masks are multiplied, since `torch.where` is many times slower on a CPU.
"""

from typing import Any

import torch
from torch import Tensor


def straight_through(smooth: Tensor, quantized: Tensor) -> Tensor:
    """Exactly the value of `quantized`, with the gradient of `smooth`."""
    result: Tensor = _StraightThrough.apply(smooth, quantized)  # type: ignore[no-untyped-call]
    return result


def straight_through_clipped(weight: Tensor, quantized: Tensor) -> Tensor:
    """The value of `quantized`; the gradient passes to `weight` where that lies within [-1, 1], and is 0 outside."""
    result: Tensor = _StraightThroughClipped.apply(weight, quantized)  # type: ignore[no-untyped-call]
    return result


def scaled_activations(activation: Tensor, step: Tensor, smallest: Tensor, largest: Tensor) -> Tensor:
    """`activation / step` within [smallest, largest], not rounded: the activations of a warm-up.

    The gradient is 1 / step within the limits, and 0 outside; none reaches step, smallest and largest.
    """
    scaled: Tensor = _Scaled.apply(activation, step, smallest, largest, False)  # type: ignore[no-untyped-call]
    return scaled


def quantized_activations(activation: Tensor, step: Tensor, smallest: Tensor, largest: Tensor) -> Tensor:
    """The integers round(activation / step) within [smallest, largest]; the gradient is that of scaled_activations."""
    integers: Tensor = _Scaled.apply(activation, step, smallest, largest, True)  # type: ignore[no-untyped-call]
    return integers


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
    @staticmethod
    def forward(ctx: Any, weight: Tensor, quantized: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return quantized.view_as(quantized)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (weight,) = ctx.saved_tensors
        return weight.abs().le_(1).mul_(gradient), None
