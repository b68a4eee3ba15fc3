"""Layers with integer weights, integer activations and an accumulator of a few bits."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from models.arithmetic import differentiable, overflow_rate
from models.wrapnet.quantizers import quantize_weights, quantized_activations, scaled_activations, weight_bits

Activations = Literal["float", "unrounded", "quantized"]
Overflow = Literal["exact", "wrap", "cyclic", "relu-like", "absolute"]

_EXACT_FLOAT32 = 1 << 24


@dataclass(frozen=True, kw_only=True)
class Accumulator:
    """How a layer accumulates.

    bits: width. slope: k of the cyclic function. overflow: `exact` sums never overflow; `wrap` keeps them modulo
    2^bits; `cyclic`, `relu-like` and `absolute` pass them through that cyclic function (section 2.6.2.1).
    """

    bits: int = 8
    slope: int = 2
    overflow: Overflow = "cyclic"

    def apply(self, sums: Tensor) -> Tensor:
        """What becomes of the true sums."""
        if self.overflow == "exact":
            return sums
        if self.overflow == "wrap":
            return differentiable.wrap(sums, self.bits)
        if self.overflow == "absolute":
            return differentiable.absolute(sums, self.bits)
        fold = differentiable.cyclic if self.overflow == "cyclic" else differentiable.relu_like
        return fold(sums, self.bits, self.slope)


class QuantLayer(nn.Module, ABC):
    """What quantized layers share: integer weights and activations, and an emulated accumulator (Figure 2.1b).

    With quantized activations, what is multiplied and accumulated are integers. The result is scaled back to floats
    by the weight scale of each output channel times the activation step size.

    weights: one of models.wrapnet.quantizers.WEIGHT_KINDS. activations: `float` takes the input as it is;
    `unrounded` and `quantized` divide it by the step size and clip it to `activation_bits`, and `quantized` rounds it.
    accumulator: applied to the sums unless the activations are `float`. step: size of an activation step, set by
    models.wrapnet.step_sizes.

    After each forward pass, `sums` holds the true sums of that pass.
    """

    weight: Tensor
    step: Tensor

    def _set_up(self, weights: str, activation_bits: int) -> None:
        """Adds the quantizers. Raises ValueError if float32 cannot hold the layer's sums exactly."""
        self.weights = weights
        self.activation_bits = activation_bits
        self.activations: Activations = "float"
        self.accumulator = Accumulator()
        self.sums: Tensor | None = None
        self.register_buffer("step", torch.ones(()))
        largest_weight = 1 if weights in ("binary", "ternary") else (1 << (weight_bits(weights) - 1)) - 1
        largest_sum = self.weight[0].numel() * largest_weight * ((1 << activation_bits) - 1)
        if largest_sum >= _EXACT_FLOAT32:
            raise ValueError(
                f"sums of {self.weight[0].numel()} products of {weights} weights and {activation_bits}-bit activations "
                f"reach {largest_sum}; float32 holds integers exactly only below {_EXACT_FLOAT32}"
            )

    @abstractmethod
    def accumulate(self, inputs: Tensor, weight: Tensor) -> Tensor:
        """The layer's sums of products."""

    def quantize(self, inputs: Tensor) -> Tensor:
        """The layer's inputs as it multiplies them."""
        if self.activations == "float":
            return inputs
        convert = quantized_activations if self.activations == "quantized" else scaled_activations
        return convert(inputs, self.step, self.activation_bits)

    def forward(self, inputs: Tensor) -> Tensor:
        # Mixed precision would round the sums: they are kept in float32, which holds them exactly.
        with torch.autocast(inputs.device.type, enabled=False):
            weight, scale = quantize_weights(self.weight, self.weights)
            sums = self.accumulate(self.quantize(inputs.float()), weight)
            self.sums = sums
            if self.activations != "float":
                sums, scale = self.accumulator.apply(sums), scale * self.step
            return sums * scale.view(-1, *[1] * (sums.dim() - 2))

    def penalty(self) -> Tensor:
        """Overflow penalty of the last forward pass."""
        return differentiable.overflow_penalty(self._last_sums(), self.accumulator.bits)

    def overflow_rate(self) -> float:
        """Share of the last forward pass's sums that overflow the accumulator; activations have to be quantized."""
        return overflow_rate(self._last_sums().detach().round().long(), self.accumulator.bits)

    def _last_sums(self) -> Tensor:
        if self.sums is None:
            raise RuntimeError("the layer has not run yet")
        return self.sums


class QuantConv2d(QuantLayer, nn.Conv2d):
    """Quantized convolution without bias, padded to keep the map's size; see QuantLayer."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        weights: str = "binary",
        activation_bits: int = 3,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False)
        self._set_up(weights, activation_bits)

    def accumulate(self, inputs: Tensor, weight: Tensor) -> Tensor:
        return nn.functional.conv2d(inputs, weight, None, self.stride, self.padding)


class QuantLinear(QuantLayer, nn.Linear):
    """Quantized fully connected layer without bias; see QuantLayer."""

    def __init__(
        self, in_features: int, out_features: int, *, weights: str = "binary", activation_bits: int = 3
    ) -> None:
        super().__init__(in_features, out_features, bias=False)
        self._set_up(weights, activation_bits)

    def accumulate(self, inputs: Tensor, weight: Tensor) -> Tensor:
        return nn.functional.linear(inputs, weight)


def quantized_layers(network: nn.Module) -> list[QuantLayer]:
    """The quantized layers of a network, in order."""
    return [module for module in network.modules() if isinstance(module, QuantLayer)]


def configure(network: nn.Module, *, activations: Activations, overflow: Overflow, bits: int, slope: int) -> None:
    """Sets every quantized layer's activations and accumulator."""
    for layer in quantized_layers(network):
        layer.activations = activations
        layer.accumulator = Accumulator(bits=bits, slope=slope, overflow=overflow)
