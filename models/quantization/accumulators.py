"""Accumulators of a few bits, and their effect on a layer's sums."""

from dataclasses import dataclass
from enum import StrEnum
from typing import get_args

from torch import Tensor

from models.arithmetic import differentiable
from models.arithmetic.carries import WordBits


class Overflow(StrEnum):
    """The behaviour of an accumulator when a sum exceeds it (section 2.6.2.1)."""

    EXACT = "exact"
    """Sums never overflow."""
    WRAP = "wrap"
    """Sums are kept modulo 2^bits."""
    CYCLIC = "cyclic"
    """Wrapped sums pass through the cyclic activation."""
    RELU_LIKE = "relu-like"
    """Wrapped sums pass through the ReLU-like cyclic function."""
    ABSOLUTE = "absolute"
    """The magnitude of wrapped sums."""


class Packing(StrEnum):
    """How accumulators share machine words without vector instructions (section 2.3.4)."""

    NONE = "none"
    """Lanes never interact, as with vector instructions."""
    BUFFER = "buffer"
    """The top bit of each lane absorbs its carry."""
    CARRIES = "carries"
    """Carries run into the neighbouring lane."""


@dataclass(frozen=True, kw_only=True)
class Accumulator:
    """An accumulator of a layer.

    bits: width, 2 to 32. slope: k of the cyclic function. overflow: see Overflow. packing: see Packing. word_bits:
    width of the words that packed accumulators share. overflow and packing may be given by name.

    Raises ValueError, naming the parameter and what is allowed, for others.
    """

    bits: int = 8
    slope: int = 2
    overflow: Overflow = Overflow.CYCLIC
    packing: Packing = Packing.NONE
    word_bits: WordBits = 64

    def __post_init__(self) -> None:
        if not isinstance(self.bits, int) or not 2 <= self.bits <= 32:
            raise ValueError(f"accumulator bits is {self.bits}; allowed are the integers 2 to 32")
        if not isinstance(self.slope, int) or self.slope < 1:
            raise ValueError(f"slope is {self.slope}; allowed is an integer of at least 1")
        for name, kind in (("overflow", Overflow), ("packing", Packing)):
            given = getattr(self, name)
            if given not in tuple(kind):
                raise ValueError(f"accumulator {name} is {given!r}; allowed are {', '.join(kind)}")
            object.__setattr__(self, name, kind(given))
        if self.word_bits not in get_args(WordBits):
            allowed = ", ".join(map(str, get_args(WordBits)))
            raise ValueError(f"accumulator word_bits is {self.word_bits!r}; allowed are {allowed}")
        if self.packing is Packing.BUFFER and self.bits < 3:
            raise ValueError(f"accumulator bits is {self.bits}; a buffer bit leaves less than the 2 that are needed")

    @property
    def value_bits(self) -> int:
        """Bits that hold the sum: all of them, or all but the buffer bit."""
        return self.bits - 1 if self.packing is Packing.BUFFER else self.bits

    def apply(self, sums: Tensor) -> Tensor:
        """The accumulator's function of true sums: floats that hold integers, or unrounded ones in a warm-up."""
        match self.overflow:
            case Overflow.EXACT:
                return sums
            case Overflow.WRAP:
                return differentiable.wrap(sums, self.value_bits)
            case Overflow.ABSOLUTE:
                return differentiable.absolute(sums, self.value_bits)
            case Overflow.CYCLIC:
                return differentiable.cyclic(sums, self.value_bits, self.slope)
            case Overflow.RELU_LIKE:
                return differentiable.relu_like(sums, self.value_bits, self.slope)
