"""Layers with integer weights, integer activations and an accumulator of a few bits."""

from abc import ABC, abstractmethod
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from models.arithmetic import differentiable, overflow_rate
from models.arithmetic.carries import lane_carries
from models.quantization.accumulators import Accumulator
from models.quantization.bounded_weights import BoundedWeights
from models.quantization.packed_lanes import lane_sums, simulated_carries
from models.quantization.quantizers import (
    BOUNDED_KINDS,
    largest_weight,
    quantize_weights,
    quantized_activations,
    scaled_activations,
    straight_through,
    weight_bits,
)

Activations = Literal["float", "unrounded", "quantized"]

_EXACT_FLOAT32 = 1 << 24
_MOMENTUM = 0.1
_PACKED_IMAGES = 50


class QuantModule(nn.Module):
    """What has integer activations: a step size and the range of the integers.

    activations: `float` takes values as they are; `unrounded` and `quantized` divide them by the step size and clip
    them to `activation_bits` (two's complement if signed), and `quantized` rounds them. The step and, with it, the
    bits are set by models.quantization.step_sizes.
    """

    step: Tensor
    smallest: Tensor
    largest: Tensor

    def set_up_activations(self, activation_bits: int, *, signed: bool = False) -> None:
        """Adds the step size, 1, and the range."""
        self.activations: Activations = "float"
        self.signed = signed
        self.register_buffer("step", torch.ones(()))
        self.register_buffer("smallest", torch.zeros(()))
        self.register_buffer("largest", torch.zeros(()))
        self.activation_bits = activation_bits

    @property
    def activation_bits(self) -> int:
        """Bits of the integer activations; part of the saved state."""
        return int(self.largest).bit_length() + self.signed

    @activation_bits.setter
    def activation_bits(self, bits: int) -> None:
        self.largest.fill_((1 << (bits - self.signed)) - 1)
        self.smallest.fill_(-(1 << (bits - 1)) if self.signed else 0)


class QuantLayer(QuantModule, ABC):
    """What quantized layers share: integer weights and activations, and an emulated accumulator (Figure 2.1b).

    With quantized activations, what is multiplied and accumulated are integers. The result is scaled back to floats
    by the weight scale of each output channel times the activation step size.

    weights: one of models.quantization.quantizers.WEIGHT_KINDS, or of BOUNDED_KINDS, which fit their accumulator_bits.
    accumulator: applied to the sums unless the activations are `float`.

    After a forward pass in evaluation mode, `sums` holds the true sums of that pass; training lets go of them, and
    keeps their overflow penalty if `collects_penalty` is set. `carry_counts` holds the carries if the accumulators
    are packed so that carries run into the neighbour. Then `carry_mean` (out, ...) is what they are on
    average, neuron by neuron; it is subtracted. A pass while `calibrating` sets it.
    """

    weight: Tensor
    carry_mean: Tensor | None

    def set_up(self, weights: str, activation_bits: int, *, signed: bool, accumulator_bits: int) -> None:
        """Adds the quantizers. Raises ValueError if float32 cannot hold the layer's sums exactly."""
        self.set_up_activations(activation_bits, signed=signed)
        self.weights = weights
        self.accumulator = Accumulator()
        self.sums: Tensor | None = None
        self.collects_penalty = False
        self._penalty: Tensor | None = None
        self.carry_counts: Tensor | None = None
        self.calibrating = False
        self.register_buffer("carry_mean", None)
        if weights in BOUNDED_KINDS:
            self.bounded = BoundedWeights(self.weight, weight_bits(weights), activation_bits, accumulator_bits)
        largest_sum = self.weight[0].numel() * largest_weight(weights) * ((1 << activation_bits) - 1)
        if largest_sum >= _EXACT_FLOAT32:
            raise ValueError(
                f"sums of {self.weight[0].numel()} products of {weights} weights and {activation_bits}-bit activations "
                f"reach {largest_sum}; float32 holds integers exactly only below {_EXACT_FLOAT32}"
            )

    @abstractmethod
    def accumulate(self, inputs: Tensor, weight: Tensor) -> Tensor:
        """The layer's sums of products."""

    def quantized_weight(self) -> tuple[Tensor, Tensor]:
        """The integer weights, as floats, and their scale (out,)."""
        if self.weights in BOUNDED_KINDS:
            weight, scale = self.bounded(self.weight)
            return weight, scale
        return quantize_weights(self.weight, self.weights)

    @property
    def weight_bits(self) -> int:
        """Bits of the integer weights; 1 for -1 and +1."""
        return weight_bits(self.weights)

    def quantize(self, inputs: Tensor) -> Tensor:
        """The layer's inputs as it multiplies them."""
        if self.activations == "float":
            return inputs
        convert = quantized_activations if self.activations == "quantized" else scaled_activations
        return convert(inputs, self.step, self.smallest, self.largest)

    def forward(self, inputs: Tensor) -> Tensor:
        # Mixed precision would round the sums: they are kept in float32, which holds them exactly.
        with torch.autocast(inputs.device.type, enabled=False):
            weight, scale = self.quantized_weight()
            integers = self.quantize(inputs.float())
            sums = self.accumulate(integers, weight)
            if sums.is_cuda and self.activations == "quantized":
                sums = straight_through(sums, sums.round())  # fast convolution algorithms there miss integers slightly
            self.sums = None if self.training else sums
            if self.collects_penalty:
                self._penalty = differentiable.overflow_penalty(sums, self.accumulator.value_bits)
            if self.activations == "float":
                return per_channel(scale, sums) * sums
            if self.accumulator.packing == "carries" and self.activations == "quantized":
                sums = self._with_carries(integers, weight, sums)
            return self.rescale(self.accumulator.apply(sums), scale)

    def rescale(self, accumulated: Tensor, scale: Tensor) -> Tensor:
        """The layer's output from what its accumulators hold, (batch, out, ...)."""
        return per_channel(scale * self.step, accumulated) * accumulated

    def take_penalty(self) -> Tensor:
        """Overflow penalty of the last forward pass, which has to collect it; the layer lets go of it."""
        penalty, self._penalty = self._penalty, None
        if penalty is None:
            raise RuntimeError("the layer has not run since, or does not collect its penalty")
        return penalty

    def overflow_rate(self) -> float:
        """Share of the last evaluation's sums that overflow the accumulator; activations have to be quantized."""
        if self.sums is None:
            raise RuntimeError("the layer has not run yet in evaluation mode")
        return overflow_rate(self.sums.detach().round().long(), self.accumulator.value_bits)

    def carry_penalty(self) -> Tensor:
        """R_c of the last forward pass: the variance of a neuron's carries over the batch, mean over neurons."""
        return self._last_carries().var(0, correction=0).mean()

    def carry_moments(self) -> tuple[float, float]:
        """Mean and standard deviation of a neuron's carries over the last batch, means over neurons."""
        counts = self._last_carries()
        return counts.mean().item(), counts.std(0, correction=0).mean().item()

    @abstractmethod
    def terms(self, inputs: Tensor) -> Tensor:
        """The activations that each of the layer's dot products multiplies: (batch, positions, length)."""

    def _with_carries(self, inputs: Tensor, weight: Tensor, sums: Tensor) -> Tensor:
        """The sums with the carries that reach them, less what is expected of these.

        Training adds all carries, differentiably, as Algorithm 1 does; otherwise the machine's own result is
        computed, where the top lane's carries are lost.
        """
        counts = self._training_carries(inputs, weight, sums) if self.training else self._packed_carries(inputs, weight)
        self.carry_counts = counts = counts.view_as(sums)
        mean = counts.detach().mean(0)
        if self.carry_mean is None or self.calibrating:
            self.carry_mean = mean
        elif self.training:
            self.carry_mean.lerp_(mean, _MOMENTUM)
        return sums + counts - (mean if self.training else self.carry_mean).round()

    def _training_carries(self, inputs: Tensor, weight: Tensor, sums: Tensor) -> Tensor:
        negatives = self.accumulate(inputs.clamp(min=0).sign(), (weight < 0).to(weight.dtype))
        if self.signed:
            negatives = negatives + self.accumulate((-inputs).clamp(min=0).sign(), (weight > 0).to(weight.dtype))
        # The sign of a product, softened: weights are -1, 0 and 1, so tanh of a product is the weight times tanh.
        soft = -0.5 * self.accumulate(torch.tanh(inputs), weight)
        return simulated_carries(sums, straight_through(soft, negatives), self.accumulator.bits)

    def _packed_carries(self, inputs: Tensor, weight: Tensor) -> Tensor:
        accumulator = self.accumulator
        parts = []
        for part in torch.split(inputs, _PACKED_IMAGES):
            lanes = lane_sums(self.terms(part), weight.flatten(1), accumulator.bits, accumulator.word_bits)
            parts.append(lane_carries(lanes, accumulator.bits).transpose(1, 2))
        return torch.cat(parts).to(inputs.dtype)

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, *arguments: Any) -> None:
        stored = state.get(f"{prefix}carry_mean")
        if stored is not None:  # its shape depends on the images, so it exists only once the layer has run
            self.carry_mean = torch.empty_like(stored, device=self.weight.device)
        super()._load_from_state_dict(state, prefix, *arguments)

    def _last_carries(self) -> Tensor:
        if self.carry_counts is None:
            raise RuntimeError("the layer has not run with carries yet")
        return self.carry_counts


class QuantConv2d(QuantLayer, nn.Conv2d):
    """Quantized convolution without bias; see QuantLayer. Padded by default to keep the map's size at stride 1."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int | None = None,
        weights: str = "binary",
        activation_bits: int = 3,
        signed: bool = False,
        accumulator_bits: int = 8,
    ) -> None:
        padding = kernel_size // 2 if padding is None else padding
        super().__init__(in_channels, out_channels, kernel_size, stride=stride, padding=padding, bias=False)
        self.set_up(weights, activation_bits, signed=signed, accumulator_bits=accumulator_bits)

    def accumulate(self, inputs: Tensor, weight: Tensor) -> Tensor:
        return nn.functional.conv2d(inputs, weight, None, self.stride, self.padding)

    def terms(self, inputs: Tensor) -> Tensor:
        padding = cast(tuple[int, int], self.padding)
        return nn.functional.unfold(inputs, self.kernel_size, 1, padding, self.stride).transpose(1, 2)


class QuantLinear(QuantLayer, nn.Linear):
    """Quantized fully connected layer without bias; see QuantLayer."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        weights: str = "binary",
        activation_bits: int = 3,
        signed: bool = False,
        accumulator_bits: int = 8,
    ) -> None:
        super().__init__(in_features, out_features, bias=False)
        self.set_up(weights, activation_bits, signed=signed, accumulator_bits=accumulator_bits)

    def accumulate(self, inputs: Tensor, weight: Tensor) -> Tensor:
        return nn.functional.linear(inputs, weight)

    def terms(self, inputs: Tensor) -> Tensor:
        return inputs.unsqueeze(1)


def per_channel(scale: Tensor, values: Tensor) -> Tensor:
    """A scale (out,) shaped to multiply values (batch, out, ...)."""
    return scale.view(-1, *[1] * (values.dim() - 2))


def quantized_layers(network: nn.Module) -> list[QuantLayer]:
    """The quantized layers of a network, in order."""
    return [module for module in network.modules() if isinstance(module, QuantLayer)]


def configure(network: nn.Module, activations: Activations, accumulator: Accumulator) -> None:
    """Sets every quantized layer's activations and accumulator.

    Raises ValueError if a product of a layer does not fit the accumulator by itself.
    """
    for module in network.modules():
        if isinstance(module, QuantModule):
            module.activations = activations
    for layer in quantized_layers(network):
        if accumulator.packing == "carries" and largest_weight(layer.weights) > 1:
            raise ValueError(f"carries are simulated for binary and ternary weights; these are {layer.weights!r}")
        product = largest_weight(layer.weights) * int(torch.maximum(layer.largest, -layer.smallest))
        if accumulator.overflow != "exact" and activations != "float" and product >= 1 << (accumulator.value_bits - 1):
            raise ValueError(
                f"accumulators of {accumulator.value_bits} bits are too narrow for products of {layer.weights} weights "
                f"and {layer.activation_bits}-bit activations, which reach {product}"
            )
        layer.accumulator = accumulator
