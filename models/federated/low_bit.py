"""Weights as integers of a few bits and a float scale: all that a client holds of an encoder (dissertation 3.2.1)."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from models.checks import check_choice
from models.federated.choices import Rounding, ScalePer
from models.federated.packing import packed, unpacked
from models.quantization.channels import per_filter
from models.quantization.formats import Uniform

_PACKED_BITS = 4  # up to which two codes share a byte
_SLAB = 1 << 18  # weights that are floats at a time: 1 MiB in float32


@dataclass(frozen=True)
class LowBitWeight:
    """A weight matrix of `shape` (out, in) as integers times a scale.

    stored: the integers in a row, as int8, or two to a byte up to 4 bits. scale: one for all (1,), or one for each
    output channel (out,), in the float type of what the weight is multiplied with. bits: 2 to 8.
    """

    stored: Tensor
    scale: Tensor
    bits: int
    shape: tuple[int, int]

    def codes(self, rows: slice) -> Tensor:
        """The integers of `rows`, from an even one on, as int8 (rows, in)."""
        outputs, inputs = self.shape
        first, last = rows.start * inputs, min(rows.stop, outputs) * inputs
        if self.bits > _PACKED_BITS:
            return self.stored[first:last].view(-1, inputs)
        return unpacked(self.stored[first // 2 : (last + 1) // 2], last - first).view(-1, inputs)

    def scale_of(self, rows: slice) -> Tensor:
        """The scale of `rows`: (rows,), or (1,) where all have the same."""
        return self.scale if len(self.scale) == 1 else self.scale[rows]

    def floats(self, rows: slice) -> Tensor:
        """The weights of `rows` (rows, in), de-quantized."""
        return self.codes(rows) * self.scale_of(rows)[:, None]

    def slabs(self) -> Iterator[slice]:
        """All rows in slabs of an even number, so that no more than about a megabyte of them is float at a time."""
        outputs, inputs = self.shape
        step = max(2, _SLAB // inputs // 2 * 2)
        for first in range(0, outputs, step):
            yield slice(first, min(first + step, outputs))

    def dequantized(self) -> Tensor:
        """The whole weight (out, in) in floats."""
        return self.floats(slice(0, self.shape[0]))


def quantize(
    weight: Tensor,
    bits: int,
    scale_per: ScalePer = "channel",
    rounding: Rounding = "nearest",
    generator: torch.Generator | None = None,
) -> LowBitWeight:
    """Quantizes a float weight (out, in); its largest magnitude becomes the integer 2^(bits-1) - 1.

    Quantizing again what was quantized and not changed gives the same integers and scales, to the last bit.

    scale_per: what shares a scale. rounding: `nearest` (to even), or `stochastic`, up with the probability of the
    fraction, so that the mean is the weight; its random numbers come from `generator`.
    Raises ValueError for bits outside 2 to 8, an unknown choice, or a weight that is not finite.
    """
    check_choice("rounding", rounding, Rounding)
    if not torch.isfinite(weight).all():
        raise ValueError("a weight that is not finite cannot be quantized")
    scale = weight_scale(weight, bits, scale_per)
    scaled = weight / per_filter(scale, weight)
    if rounding == "nearest":
        codes = scaled.round()
    else:
        drawn = torch.rand(scaled.shape, generator=generator, dtype=scaled.dtype).to(scaled.device)
        largest = Uniform(bits).largest
        codes = (scaled + drawn).floor().clamp(-largest, largest)  # the largest may be an ulp too large
    return low_bit_weight(codes.to(torch.int8), scale, bits)


def low_bit_weight(codes: Tensor, scale: Tensor, bits: int) -> LowBitWeight:
    """A weight of integers (out, in), int8, and their scale."""
    outputs, inputs = codes.shape
    stored = codes.flatten()
    return LowBitWeight(packed(stored) if bits <= _PACKED_BITS else stored, scale, bits, (outputs, inputs))


def check_weight(name: str, weight: LowBitWeight) -> None:
    """Raises ValueError, naming the weight, for one that `quantize` cannot have made."""
    (outputs, inputs), largest = weight.shape, Uniform(weight.bits).largest
    if outputs < 1 or inputs < 1:
        raise ValueError(f"{name} has the shape {weight.shape}")
    is_packed = weight.bits <= _PACKED_BITS
    count = (outputs * inputs + 1) // 2 if is_packed else outputs * inputs
    stored, scale = weight.stored, weight.scale
    if stored.dtype != (torch.uint8 if is_packed else torch.int8) or stored.shape != (count,):
        raise ValueError(f"{name} has {tuple(stored.shape)} numbers of {stored.dtype}; expected are {count} integers")
    if scale.shape not in ((1,), (outputs,)) or not (torch.isfinite(scale) & (scale > 0)).all():
        raise ValueError(f"{name} has scales that are not above 0, or of a wrong number")
    if any(int(weight.codes(rows).to(torch.int16).abs().max()) > largest for rows in weight.slabs()):
        raise ValueError(f"{name} has integers beyond {largest}")


def weight_scale(weight: Tensor, bits: int, scale_per: ScalePer) -> Tensor:
    """The largest magnitude over 2^(bits-1) - 1: (1,), or (out,) of a weight (out, ...). Differentiable.

    Equal maxima share the gradient evenly. The scale of nothing but zeros is 1. Raises ValueError for bits outside
    2 to 8 or an unknown choice.
    """
    check_choice("scale_per", scale_per, ScalePer)
    magnitudes = weight.abs().reshape(1 if scale_per == "tensor" else len(weight), -1)
    scale = magnitudes.amax(1) / Uniform(bits).largest
    return torch.where(scale > 0, scale, torch.ones_like(scale))
