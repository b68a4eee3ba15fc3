"""The first and the last layer of a network in integers: 8-bit pixels and activations, and exact sums of 32 bits."""

import torch
from torch import Tensor, nn

from models.quantization.activations import ActivationMode, ActivationQuantizer, activation_quantizers
from models.quantization.channels import per_channel
from models.quantization.exactness import EXACT_FLOAT32, check_exact
from models.quantization.formats import Uniform
from models.quantization.pixels import LARGEST_PIXEL, Pixels, PixelScale
from models.quantization.weight_quantizers import StatisticalQuantizer, uniform_weights

SCORE_ACTIVATION_BITS = 8
"""Bits of the activations that the last layer reads."""

_SUM_LIMIT = 1 << 31


class EdgeQuantizer(ActivationQuantizer):
    """The quantizer of the last layer's activations: its step and bits are its own, not those of inner layers."""


def inner_quantizers(network: nn.Module) -> list[ActivationQuantizer]:
    """The activation quantizers of a network, in order, without those of edges."""
    return [one for one in activation_quantizers(network) if not isinstance(one, EdgeQuantizer)]


class PixelConv2d(nn.Conv2d):
    """A convolution of pixels with integer weights, without bias; their sums are exact.

    Takes normalised images (batch, channels, height, width), whose pixels it recovers, and gives floats: the sums times
    the scale of each filter and the step of the pixels. The padding is the zero point. weight_bits: 2 to 8. Raises
    ValueError if float32 does not hold the sums.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        weight_bits: int = 8,
        scale: PixelScale,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride=stride, padding=padding, bias=False)
        self.pixels = Pixels(scale)
        self.weight_quantizer = StatisticalQuantizer(Uniform(weight_bits))
        largest_product = self.weight_quantizer.format.largest * LARGEST_PIXEL
        check_exact(self.weight[0].numel(), largest_product, f"{weight_bits}-bit weights", "pixels")

    def quantized_weight(self) -> tuple[Tensor, Tensor]:
        """The integer weights, as floats, and their scale (out,)."""
        weight, scale = self.weight_quantizer(self.weight)
        return weight, scale

    def forward(self, images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, enabled=False):
            weight, scale = self.quantized_weight()
            # A GPU's fast algorithms miss integers slightly; only training bears that.
            kind = torch.float64 if images.is_cuda and not self.training else torch.float32
            pixels = self.pixels(images.float()).to(kind)
            sums = nn.functional.conv2d(pixels, weight.to(kind), None, self.stride, self.padding).float()
            return per_channel(scale * self.pixels.step, sums) * sums


class ScoreLinear(nn.Linear):
    """The last layer in integers, without bias: scores are exact sums, and all classes share one scale.

    Takes floats (batch, features), which it quantizes, and gives scores as floats; in evaluation mode these are
    float64, which keeps them apart wherever the integers differ. weight_bits: 2 to 8. signed: whether features can be
    negative. Raises ValueError if 32 bits do not hold the sums.
    """

    def __init__(self, in_features: int, out_features: int, *, weight_bits: int = 8, signed: bool = False) -> None:
        super().__init__(in_features, out_features, bias=False)
        self.activation = EdgeQuantizer(SCORE_ACTIVATION_BITS, signed=signed)
        self.format = Uniform(weight_bits)
        largest = (1 << SCORE_ACTIVATION_BITS) - 1
        self._largest_sum = in_features * self.format.largest * largest
        if self._largest_sum >= _SUM_LIMIT:
            raise ValueError(
                f"sums of {in_features} products of {weight_bits}-bit weights and activations up to {largest} do not "
                "fit 32 bits"
            )

    def quantized_weight(self) -> tuple[Tensor, Tensor]:
        """The integer weights, as floats, and the scale that they share ()."""
        weight, scale = uniform_weights(self.weight.view(1, -1), self.format.bits)
        return weight.view_as(self.weight), scale.squeeze(0)

    def forward(self, inputs: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, enabled=False):
            weight, scale = self.quantized_weight()
            wide = not self.training or self._largest_sum >= EXACT_FLOAT32
            kind = torch.float64 if wide else torch.float32
            sums = nn.functional.linear(self.activation(inputs.float()).to(kind), weight.to(kind))
            floats = self.activation.mode is ActivationMode.FLOAT
            scores = sums * (scale if floats else scale * self.activation.step)
            return scores.float() if self.training else scores
