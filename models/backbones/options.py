"""What all networks have in common: their options, and the parts that these lead to."""

from dataclasses import dataclass

from torch import nn

from models.quantization.layers import QuantConv2d, QuantLinear
from models.quantization.residual_grid import ResidualGrid


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """What the networks have in common.

    width: channels of the first layer, which the others are multiples of; None for the network's own.
    classes: outputs of the network.
    relu: whether a ReLU follows the batch norms of hidden layers. Without it the quantized layers take signed inputs,
    save those that read a residual stream: a ReLU of its own keeps the stream from being negative.
    quantized: whether the inner layers are quantized ones or plain. weights: how they quantize. activation_bits: the
    most that their inputs have. accumulator_bits: what the weights have to fit, if they are of a kind that does.
    seed: of the initial weights, which are the same for a quantized network and a plain one.

    Raises ValueError for a width, number of classes or of bits that is too small.
    """

    width: int | None = None
    classes: int = 10
    relu: bool = True
    quantized: bool = True
    weights: str = "binary"
    activation_bits: int = 3
    accumulator_bits: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        least_bits = 1 if self.relu else 2  # one of them is the sign
        for name, value, least in (
            ("width", self.width, 1),
            ("classes", self.classes, 1),
            ("activation_bits", self.activation_bits, least_bits),
        ):
            if value is not None and value < least:
                raise ValueError(f"{name} is {value}; allowed is an integer of at least {least}")

    def convolution(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int = 3,
        *,
        stride: int = 1,
        padding: int | None = None,
        never_negative: bool = False,
    ) -> nn.Module:
        """An inner convolution, padded by default to keep the map's size at stride 1.

        never_negative: whether its inputs are not negative even where no ReLU follows batch norms.
        """
        padding = kernel_size // 2 if padding is None else padding
        if not self.quantized:
            return nn.Conv2d(inputs, outputs, kernel_size, stride=stride, padding=padding, bias=False)
        return QuantConv2d(
            inputs,
            outputs,
            kernel_size,
            stride=stride,
            padding=padding,
            weights=self.weights,
            activation_bits=self.activation_bits,
            signed=not (self.relu or never_negative),
            accumulator_bits=self.accumulator_bits,
        )

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        """An inner fully connected layer."""
        if not self.quantized:
            return nn.Linear(inputs, outputs, bias=False)
        return QuantLinear(
            inputs,
            outputs,
            weights=self.weights,
            activation_bits=self.activation_bits,
            signed=not self.relu,
            accumulator_bits=self.accumulator_bits,
        )

    def activation(self) -> nn.Module:
        """What follows the batch norm of a hidden layer."""
        return nn.ReLU() if self.relu else nn.Identity()

    def grid(self) -> nn.Module:
        """What rounds a branch that enters a residual stream."""
        return ResidualGrid(self.activation_bits) if self.quantized else nn.Identity()
