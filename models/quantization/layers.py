"""Layers with integer weights, integer activations and an accumulator of a few bits."""

from abc import ABC, abstractmethod
from typing import Any, cast

import torch
from torch import Tensor, nn

from models.arithmetic import differentiable
from models.quantization.accumulators import Accumulator, Overflow, Packing
from models.quantization.activations import (
    OLD_NAMES,
    ActivationMode,
    ActivationQuantizer,
    activation_quantizers,
    rename_state,
)
from models.quantization.bounded_weights import BoundedQuantizer
from models.quantization.channels import per_channel
from models.quantization.emulation import emulate
from models.quantization.exactness import check_exact
from models.quantization.formats import Bounded, WeightFormat, parse_weight_format
from models.quantization.observation import LayerPass, Request
from models.quantization.packed_lanes import packed_carries, training_carries
from models.quantization.straight_through import straight_through
from models.quantization.weight_quantizers import StatisticalQuantizer, WeightQuantizer

_MOMENTUM = 0.1
_PACKED_IMAGES = 50  # whose lanes fit in memory at a time
_OLD_NAMES = OLD_NAMES | {f"bounded.{name}": f"weight_quantizer.{name}" for name in ("log_scale", "log_length")}


class QuantLayer(nn.Module, ABC):
    """A layer made of a weight quantizer, an activation quantizer and an accumulator (Figure 2.1b).

    With quantized activations, what is multiplied and accumulated are integers. The result is scaled back to floats
    by the weight scale of each output channel times the activation step size.

    weight_quantizer, activation, accumulator: the three parts. carry_mean: where accumulators are packed so that
    carries run into the neighbour, what they are on average, neuron by neuron (out, ...); it is subtracted.
    seen: the record of the layer's passes while somebody observes it (models.quantization.observation).
    """

    weight: Tensor
    carry_mean: Tensor | None
    seen: LayerPass | None = None

    def set_up(self, weights: WeightFormat | str, activation_bits: int, *, signed: bool, accumulator_bits: int) -> None:
        """Adds the parts. Raises ValueError if float32 cannot hold the layer's sums exactly."""
        form = parse_weight_format(weights) if isinstance(weights, str) else weights
        largest_product = form.largest * ((1 << activation_bits) - 1)
        check_exact(self.weight[0].numel(), largest_product, f"{form} weights", f"{activation_bits}-bit activations")
        self.activation = ActivationQuantizer(activation_bits, signed=signed)
        self.weight_quantizer: WeightQuantizer = (
            BoundedQuantizer(form, self.weight, activation_bits, accumulator_bits)
            if isinstance(form, Bounded)
            else StatisticalQuantizer(form)
        )
        self.accumulator = Accumulator()
        self.register_buffer("carry_mean", None)

    @abstractmethod
    def accumulate(self, inputs: Tensor, weight: Tensor) -> Tensor:
        """The layer's sums of products."""

    @abstractmethod
    def terms(self, inputs: Tensor) -> Tensor:
        """The activations that each of the layer's dot products multiplies: (batch, positions, length)."""

    @property
    def weight_format(self) -> WeightFormat:
        """The integers that weights are quantized to."""
        return self.weight_quantizer.format

    def quantized_weight(self) -> tuple[Tensor, Tensor]:
        """The integer weights, as floats, and their scale (out,)."""
        weight, scale = self.weight_quantizer(self.weight)
        return weight, scale

    def forward(self, inputs: Tensor) -> Tensor:
        # Mixed precision would round the sums: they are kept in float32, which holds them exactly.
        with torch.autocast(inputs.device.type, enabled=False):
            weight, scale = self.quantized_weight()
            values = self.activation(inputs.float())
            sums = self.accumulate(values, weight)
            rounded = sums.is_cuda and self.activation.mode is ActivationMode.QUANTIZED
            if self._asked_for(Request.SUMS):
                sums = straight_through(sums, sums.round()) if rounded else sums
                self._record(sums=sums.detach().clone())
            if self.activation.mode is ActivationMode.FLOAT:
                return per_channel(scale, sums) * sums
            penalised = self._asked_for(Request.PENALTY)
            if self._carries_run():
                return self._emulate_carries(values, weight, scale, sums, penalised=penalised)
            output, penalty = self.emulate(sums, scale, rounded=rounded, penalised=penalised)
            self._record(penalty=penalty)
            return output

    def emulate(
        self, sums: Tensor, scale: Tensor, *, rounded: bool = False, penalised: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """The layer's output from true sums (batch, out, ...), which it may overwrite, and their overflow penalty."""
        factors = scale * self.activation.step
        return emulate(sums, factors, self.accumulator, rounded=rounded, penalised=penalised)

    def _carries_run(self) -> bool:
        return self.accumulator.packing is Packing.CARRIES and self.activation.mode is ActivationMode.QUANTIZED

    def _emulate_carries(
        self, values: Tensor, weight: Tensor, scale: Tensor, sums: Tensor, *, penalised: bool
    ) -> Tensor:
        """The output from sums with the carries that reach them, less what is expected of these.

        Training adds all carries, differentiably, as Algorithm 1 does; otherwise the machine's own result is computed,
        where the top lane's carries are lost.
        """
        if penalised:
            self._record(penalty=differentiable.overflow_penalty(sums, self.accumulator.value_bits))
        carries = self._count_carries(values, weight, sums).view_as(sums)
        mean = carries.detach().mean(0)
        if self.carry_mean is None or self._asked_for(Request.CALIBRATE):
            self.carry_mean = mean
        elif self.training:
            self.carry_mean.lerp_(mean, _MOMENTUM)
        self._record(carries=carries)
        return self.emulate(sums + carries - (mean if self.training else self.carry_mean).round(), scale)[0]

    def _count_carries(self, values: Tensor, weight: Tensor, sums: Tensor) -> Tensor:
        if self.training:
            return training_carries(self.accumulate, values, weight, sums, self.accumulator.bits)
        parts = (
            packed_carries(self.terms(part), weight.flatten(1), self.accumulator)
            for part in torch.split(values, _PACKED_IMAGES)
        )
        return torch.cat(list(parts)).to(values.dtype)

    def _asked_for(self, request: Request) -> bool:
        return self.seen is not None and request in self.seen.request

    def _record(self, **found: Tensor | None) -> None:
        if self.seen is not None:
            self.seen.value_bits = self.accumulator.value_bits
            for name, value in found.items():
                setattr(self.seen, name, value)

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, *arguments: Any) -> None:
        rename_state(state, prefix, _OLD_NAMES)
        stored = state.get(f"{prefix}carry_mean")
        if stored is not None:  # its shape depends on the images, so it exists only once the layer has run
            self.carry_mean = torch.empty_like(stored, device=self.weight.device)
        super()._load_from_state_dict(state, prefix, *arguments)


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
        weights: WeightFormat | str = "binary",
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
        weights: WeightFormat | str = "binary",
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


def quantized_layers(network: nn.Module) -> list[QuantLayer]:
    """The quantized layers of a network, in order."""
    return [module for module in network.modules() if isinstance(module, QuantLayer)]


def configure(network: nn.Module, mode: ActivationMode | str, accumulator: Accumulator) -> None:
    """Sets the mode of every activation quantizer, and every quantized layer's accumulator.

    Raises ValueError if a product of a layer does not fit the accumulator by itself.
    """
    mode = ActivationMode(mode)
    for layer in quantized_layers(network):
        _check_fit(layer, mode, accumulator)
    for quantizer in activation_quantizers(network):
        quantizer.mode = mode
    for layer in quantized_layers(network):
        layer.accumulator = accumulator


def _check_fit(layer: QuantLayer, mode: ActivationMode, accumulator: Accumulator) -> None:
    form, activation = layer.weight_format, layer.activation
    if accumulator.packing is Packing.CARRIES and form.largest > 1:
        raise ValueError(f"carries are simulated for binary and ternary weights; these are {form.name!r}")
    if mode is ActivationMode.FLOAT:
        return
    product = form.largest * int(torch.maximum(activation.largest, -activation.smallest))
    if accumulator.overflow is not Overflow.EXACT and product >= 1 << (accumulator.value_bits - 1):
        raise ValueError(
            f"accumulators of {accumulator.value_bits} bits are too narrow for products of {form} weights "
            f"and {activation.bits}-bit activations, which reach {product}"
        )
