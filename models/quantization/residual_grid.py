"""Keeps the residual stream of a quantized network on a grid of integers."""

from typing import Any

from torch import Tensor, nn

from models.quantization.activations import OLD_NAMES, ActivationMode, ActivationQuantizer, rename_state
from models.quantization.straight_through import straight_through

SUBDIVISIONS = 15
"""Grid points per activation step: odd, so that none lies halfway between two steps, where rounding is ambiguous."""


class ResidualGrid(nn.Module):
    """Rounds what enters a residual stream to multiples of step / SUBDIVISIONS; values keep their scale and sign.

    With a grid on every branch, additions in the stream are additions of integers, so that the whole network runs on
    integers. The layers that read the stream quantize it further, and need the same step. Values are clipped to
    [-largest, largest] steps of the quantizer, which has `activation_bits`.
    """

    def __init__(self, activation_bits: int) -> None:
        super().__init__()
        self.activation = ActivationQuantizer(activation_bits)

    def forward(self, values: Tensor) -> Tensor:
        quantizer = self.activation
        if quantizer.mode is ActivationMode.FLOAT:
            return values
        values = values.float()
        fine = quantizer.step / SUBDIVISIONS
        limit = quantizer.largest * SUBDIVISIONS
        clipped = (values / fine).clamp(-limit, limit)
        if quantizer.mode is ActivationMode.QUANTIZED:
            clipped = straight_through(clipped, clipped.round())
        return clipped * fine

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, *arguments: Any) -> None:
        rename_state(state, prefix, OLD_NAMES)
        super()._load_from_state_dict(state, prefix, *arguments)


class ResidualPool(nn.Module):
    """The mean of each map of a residual stream, as a map of 1x1: exact sums of its grid's integers, then a factor.

    Sums of floats would round, and a network of integers would not give the same. The quantizer, which has
    `activation_bits`, needs the stream's step.
    """

    def __init__(self, activation_bits: int) -> None:
        super().__init__()
        self.activation = ActivationQuantizer(activation_bits)

    def forward(self, values: Tensor) -> Tensor:
        quantizer = self.activation
        if quantizer.mode is not ActivationMode.QUANTIZED:
            return values.mean((2, 3), keepdim=True)
        values = values.float()
        fine = quantizer.step / SUBDIVISIONS
        units = values / fine
        total = straight_through(units, units.round()).sum((2, 3), keepdim=True)
        return total * (fine / (values.shape[2] * values.shape[3]))
