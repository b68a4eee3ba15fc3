"""WrapNet's networks: backbones whose inner layers are quantized; the first and the last layer stay in floats."""

from dataclasses import dataclass

from torch import nn

from models.backbones.options import NetworkOptions
from models.quantization.formats import WeightFormat
from models.quantization.layers import QuantConv2d, QuantLinear
from models.quantization.residual_grid import ResidualGrid


@dataclass(frozen=True, kw_only=True)
class WrapNetOptions(NetworkOptions):
    """Options of a backbone with quantized inner layers. Its initial weights are those of the plain backbone.

    weights: format of the quantized weights, or its name. activation_bits: most bits of the
    quantized activations, signed if no ReLU precedes them. accumulator_bits: width that bounded weights must fit.

    Raises ValueError for too few activation bits, and where NetworkOptions does.
    """

    weights: WeightFormat | str = "binary"
    activation_bits: int = 3
    accumulator_bits: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        least = 1 if self.relu else 2  # one of them is the sign
        if self.activation_bits < least:
            raise ValueError(f"activation_bits is {self.activation_bits}; allowed is an integer of at least {least}")

    def convolution(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int = 3,
        *,
        stride: int = 1,
        never_negative: bool = False,
    ) -> nn.Module:
        """A quantized convolution; its activations are unsigned after a ReLU and where inputs are never negative."""
        return QuantConv2d(
            inputs,
            outputs,
            kernel_size,
            stride=stride,
            weights=self.weights,
            activation_bits=self.activation_bits,
            signed=not (self.relu or never_negative),
            accumulator_bits=self.accumulator_bits,
        )

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        """A quantized fully connected layer."""
        return QuantLinear(
            inputs,
            outputs,
            weights=self.weights,
            activation_bits=self.activation_bits,
            signed=not self.relu,
            accumulator_bits=self.accumulator_bits,
        )

    def grid(self) -> nn.Module:
        """Rounds a branch to the residual stream's grid."""
        return ResidualGrid(self.activation_bits)
