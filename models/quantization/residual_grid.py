"""Keeps the residual stream of a quantized network on a grid of integers."""

from torch import Tensor

from models.quantization.layers import QuantModule
from models.quantization.quantizers import straight_through

SUBDIVISIONS = 15
"""Grid points per activation step: odd, so that none lies halfway between two steps, where rounding is a toss-up."""


class ResidualGrid(QuantModule):
    """Rounds what enters a residual stream to multiples of step / SUBDIVISIONS; values keep their scale and sign.

    With a grid on every branch, additions in the stream are additions of integers, so that the whole network runs on
    integers. The layers that read the stream quantize it further. Needs the same step in every layer that reads.
    Clipped to `activation_bits`, two's complement magnitude: [-largest, largest] steps.
    """

    def __init__(self, activation_bits: int) -> None:
        super().__init__()
        self.set_up_activations(activation_bits)

    def forward(self, values: Tensor) -> Tensor:
        if self.activations == "float":
            return values
        values = values.float()
        fine = self.step / SUBDIVISIONS
        limit = self.largest * SUBDIVISIONS
        clipped = (values / fine).clamp(-limit, limit)
        if self.activations == "quantized":
            clipped = straight_through(clipped, clipped.round())
        return clipped * fine
