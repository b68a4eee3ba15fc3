"""The quantizer of activations: a step size and a range of integers."""

import math
from enum import StrEnum
from typing import Any

import torch
from torch import Tensor, nn

from models.quantization.straight_through import quantized_activations, scaled_activations

_MOST_BITS = 32


class ActivationMode(StrEnum):
    """How far activations are quantized."""

    FLOAT = "float"
    """Not quantized."""
    UNROUNDED = "unrounded"
    """Divided by the step size and clipped, for a warm-up."""
    QUANTIZED = "quantized"
    """Also rounded."""


class ActivationQuantizer(nn.Module):
    """Divides activations by a step size, clips them to a range of `bits`-bit integers, and rounds them.

    bits: of the integers, two's complement if signed. mode: see ActivationMode. The step size, and with it the bits,
    are chosen by models.quantization.step_sizes; both are part of the saved state.
    """

    step: Tensor
    smallest: Tensor
    largest: Tensor

    def __init__(self, bits: int, *, signed: bool = False) -> None:
        super().__init__()
        self.mode = ActivationMode.FLOAT
        self.signed = signed
        self.register_buffer("step", torch.ones(()))
        self.register_buffer("smallest", torch.zeros(()))
        self.register_buffer("largest", torch.zeros(()))
        self.bits = bits

    @property
    def bits(self) -> int:
        """Bits of the integers."""
        return int(self.largest).bit_length() + self.signed

    @bits.setter
    def bits(self, bits: int) -> None:
        self.largest.fill_((1 << (bits - self.signed)) - 1)
        self.smallest.fill_(-(1 << (bits - 1)) if self.signed else 0)

    def check(self) -> None:
        """Raises ValueError for a step or a range that training does not leave, as a damaged file does."""
        step, smallest, largest = (float(buffer) for buffer in (self.step, self.smallest, self.largest))
        powers = (1 << bits for bits in range(1, _MOST_BITS))
        allowed = [(-power if self.signed else 0, power - 1) for power in powers]
        if not 0 < step < math.inf or (smallest, largest) not in allowed:
            raise ValueError(f"a quantizer has the step {step} and the range {smallest} to {largest}")

    def forward(self, values: Tensor) -> Tensor:
        match self.mode:
            case ActivationMode.FLOAT:
                return values
            case ActivationMode.UNROUNDED:
                return scaled_activations(values, self.step, self.smallest, self.largest)
            case ActivationMode.QUANTIZED:
                return quantized_activations(values, self.step, self.smallest, self.largest)

    def extra_repr(self) -> str:
        return f"{self.bits}-bit{', signed' * self.signed}, {self.mode}"


def activation_quantizers(network: nn.Module) -> list[ActivationQuantizer]:
    """The activation quantizers of a network, in order."""
    return [module for module in network.modules() if isinstance(module, ActivationQuantizer)]


def rename_state(state: dict[str, Any], prefix: str, names: dict[str, str]) -> None:
    """Renames entries of a state dictionary that an older version wrote."""
    for old, new in names.items():
        if f"{prefix}{old}" in state:
            state[f"{prefix}{new}"] = state.pop(f"{prefix}{old}")


OLD_NAMES = {name: f"activation.{name}" for name in ("step", "smallest", "largest")}
"""Names of the buffers in states that older versions saved, when quantizers were not modules, and today's names."""
