"""What becomes of a layer's sums in an accumulator of a few bits."""

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor

from models.arithmetic import differentiable
from models.arithmetic.carries import WordBits

Overflow = Literal["exact", "wrap", "cyclic", "relu-like", "absolute"]
Packing = Literal["none", "buffer", "carries"]


@dataclass(frozen=True, kw_only=True)
class Accumulator:
    """How a layer accumulates.

    bits: width, 2 to 32. slope: k of the cyclic function. overflow: `exact` sums never overflow; `wrap` keeps them
    modulo 2^bits; `cyclic`, `relu-like` and `absolute` pass them through that cyclic function (section 2.6.2.1).
    packing: `none` when lanes do not touch each other, as with vector instructions; without them, accumulators share
    machine words of `word_bits`, and either the top bit of each is a `buffer` that takes the carry, or the `carries`
    run into the neighbour (section 2.3.4).
    """

    bits: int = 8
    slope: int = 2
    overflow: Overflow = "cyclic"
    packing: Packing = "none"
    word_bits: WordBits = 64

    def __post_init__(self) -> None:
        if not isinstance(self.bits, int) or not 2 <= self.bits <= 32:
            raise ValueError(f"accumulator bits is {self.bits}; allowed are the integers 2 to 32")
        if not isinstance(self.slope, int) or self.slope < 1:
            raise ValueError(f"slope is {self.slope}; allowed is an integer of at least 1")
        for name, kinds in (("overflow", Overflow), ("packing", Packing), ("word_bits", WordBits)):
            if getattr(self, name) not in get_args(kinds):
                allowed = ", ".join(map(str, get_args(kinds)))
                raise ValueError(f"accumulator {name} is {getattr(self, name)!r}; allowed are {allowed}")
        if self.packing == "buffer" and self.bits < 3:
            raise ValueError(f"accumulator bits is {self.bits}; a buffer bit leaves less than the 2 that are needed")

    @property
    def value_bits(self) -> int:
        """Bits that hold the sum: all, or all but the buffer bit."""
        return self.bits - 1 if self.packing == "buffer" else self.bits

    def apply(self, sums: Tensor) -> Tensor:
        """What becomes of true sums, given as floats that hold integers (or not yet rounded, in a warm-up)."""
        if self.overflow == "exact":
            return sums
        if self.overflow == "wrap":
            return differentiable.wrap(sums, self.value_bits)
        if self.overflow == "absolute":
            return differentiable.absolute(sums, self.value_bits)
        fold = differentiable.cyclic if self.overflow == "cyclic" else differentiable.relu_like
        return fold(sums, self.value_bits, self.slope)
