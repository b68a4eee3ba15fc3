"""A linear layer that has no float weights (dissertation 3.3.2, Figure 3.2)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from models.federated.low_bit import LowBitWeight
from models.federated.products import frame_scale, integer_product

GradientSink = Callable[[slice, Tensor], None]
"""Takes rows of a weight and their gradient (rows, in), as soon as a backward pass has made it."""


class LowBitLinear(nn.Module):
    """A linear layer over frames (..., in), in integers: low-bit weights times activations of 8 bits.

    Each frame has a scale of its own, so its result does not depend on its neighbours. The gradient passes straight
    through both roundings, to the inputs, the bias, and the quantized weight. For the last, the layer keeps the 8-bit
    activations, makes the weight float a slab of rows at a time, and hands each slab's gradient to `sink` at once.

    weight: held as buffers. bias: (out,), a parameter, or None. sink: None drops the weight's gradients.
    """

    stored: Tensor
    scale: Tensor

    def __init__(self, weight: LowBitWeight, bias: Tensor | None = None) -> None:
        super().__init__()
        self.bits, self.shape = weight.bits, weight.shape
        self.register_buffer("stored", weight.stored)
        self.register_buffer("scale", weight.scale)
        self.bias = None if bias is None else nn.Parameter(bias)
        self.sink: GradientSink | None = None

    @property
    def weight(self) -> LowBitWeight:
        """The weight as it is now."""
        return LowBitWeight(self.stored, self.scale, self.bits, self.shape)

    def forward(self, inputs: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        # The first layer's inputs need no gradient, its weight does: an input of no values makes autograd come by.
        visit = inputs.new_empty(0, requires_grad=torch.is_grad_enabled())
        outputs: Tensor = _Product.apply(inputs, visit, self)  # type: ignore[no-untyped-call]
        return outputs if self.bias is None else outputs + self.bias

    def extra_repr(self) -> str:
        outputs, inputs = self.shape
        return f"in={inputs}, out={outputs}, bits={self.bits}, bias={self.bias is not None}"


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, visit: Tensor, layer: LowBitLinear) -> Tensor:
        frames = inputs.flatten(0, -2)
        scale = frame_scale(frames)
        codes = (frames / scale).round_().to(torch.int8)
        weight = layer.weight
        outputs = frames.new_empty(len(frames), weight.shape[0])
        for rows in weight.slabs():
            sums = integer_product(codes, weight.codes(rows))
            outputs[:, rows] = sums * scale * weight.scale_of(rows)
        ctx.save_for_backward(codes, scale)
        ctx.layer, ctx.leading = layer, inputs.shape[:-1]
        return outputs.view(*ctx.leading, -1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, None, None]:
        codes, scale = ctx.saved_tensors
        layer: LowBitLinear = ctx.layer
        weight, upstream = layer.weight, gradient.flatten(0, -2)
        inputs = codes * scale if layer.sink is not None else None
        back = torch.zeros(codes.shape, dtype=scale.dtype, device=codes.device) if ctx.needs_input_grad[0] else None
        for rows in weight.slabs():
            part = upstream[:, rows]
            if back is not None:
                back += part @ weight.floats(rows)
            if layer.sink is not None and inputs is not None:
                layer.sink(rows, part.t() @ inputs)
        return None if back is None else back.view(*ctx.leading, -1), None, None
