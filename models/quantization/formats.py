"""Formats of quantized weights: which integers a weight can be."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

_UNIFORM_BITS = range(2, 9)


@dataclass(frozen=True)
class WeightFormat(ABC):
    """A set of integers that weights are quantized to."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What settings call it, and `parse_weight_format` reads."""

    @property
    @abstractmethod
    def bits(self) -> int:
        """Bits that hold its integers."""

    @property
    def largest(self) -> int:
        """Largest magnitude among its integers."""
        return (1 << (self.bits - 1)) - 1

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Binary(WeightFormat):
    """-1 and +1, in one bit."""

    name = "binary"
    bits = 1
    largest = 1


@dataclass(frozen=True)
class Ternary(WeightFormat):
    """-1, 0 and +1."""

    name = "ternary"
    bits = 2
    largest = 1


@dataclass(frozen=True)
class Uniform(WeightFormat):
    """Symmetric integers of `width` bits, 2 to 8."""

    width: int

    def __post_init__(self) -> None:
        if self.width not in _UNIFORM_BITS:
            raise ValueError(f"weights have {self.width} bits; allowed are the integers 2 to 8")

    @property
    def name(self) -> str:
        """The number of bits."""
        return str(self.width)

    @property
    def bits(self) -> int:
        """The width."""
        return self.width


@dataclass(frozen=True)
class Bounded(Uniform):
    """Integers of `width` bits, 2 to 8, whose sums never overflow the accumulator (A2Q+)."""

    @property
    def name(self) -> str:
        """`bounded-` and the number of bits."""
        return f"bounded-{self.width}"


WEIGHT_FORMATS: tuple[WeightFormat, ...] = (
    Binary(),
    Ternary(),
    *map(Uniform, _UNIFORM_BITS),
    *map(Bounded, _UNIFORM_BITS),
)
"""All formats of weights."""


def parse_weight_format(text: str) -> WeightFormat:
    """The format of that name: `binary`, `ternary`, `2` to `8`, or `bounded-2` to `bounded-8`.

    Raises ValueError, listing the names, for any other text.
    """
    for one in WEIGHT_FORMATS:
        if one.name == text:
            return one
    raise ValueError(f"weights are {text!r}; allowed are {', '.join(one.name for one in WEIGHT_FORMATS)}")
