"""Parameters of a multiply-accumulate unit, and the six designs that the dissertation publishes."""

import re
from dataclasses import dataclass

from hw.mac.architecture import PLAIN, Architecture

ACTIVATION_BITS = range(1, 17)
WEIGHT_BITS = range(1, 17)
ACCUMULATOR_BITS = range(2, 65)

_NAME = re.compile(r"(\d+)x(\d+)x(\d+)(?:k(\d+))?(?:-([a-z0-9-]+))?")


@dataclass(frozen=True)
class MacDesign:
    """One multiply-accumulate unit (dissertation section 2.6.3, Figure 2.4).

    activation_bits: width of the unsigned activation, 1 to 16.
    weight_bits: width of the two's-complement weight, 1 to 16; a 1-bit weight encodes -1 (0) and +1 (1).
    accumulator_bits: width of the accumulator, which wraps around, 2 to 64.
    slope: slope k >= 1 of the cyclic activation's folded arms, or None for a unit without a cyclic activation.
    architecture: form of the circuit.

    Raises ValueError for parameters out of range or that exclude each other.
    """

    activation_bits: int
    weight_bits: int
    accumulator_bits: int
    slope: int | None = None
    architecture: Architecture = PLAIN

    def __post_init__(self) -> None:
        for parameter, allowed in (
            ("activation_bits", ACTIVATION_BITS),
            ("weight_bits", WEIGHT_BITS),
            ("accumulator_bits", ACCUMULATOR_BITS),
        ):
            value = getattr(self, parameter)
            if not isinstance(value, int) or value not in allowed:
                raise ValueError(f"{parameter} is {value!r}; allowed are the integers {allowed[0]} to {allowed[-1]}")
        self._check_slope()
        self._check_architecture()

    def _check_slope(self) -> None:
        if self.slope is None:
            return
        if not isinstance(self.slope, int) or self.slope < 1:
            raise ValueError(f"slope is {self.slope!r}; allowed is an integer of at least 1, or none")
        if self.slope >= 1 << (self.accumulator_bits - 1):
            raise ValueError(
                f"slope {self.slope} needs an accumulator of at least {self.slope.bit_length() + 1} bits, "
                f"not {self.accumulator_bits}: in a narrower one the folded arm holds no integer"
            )

    def _check_architecture(self) -> None:
        built = self.architecture
        if built.signs and (self.weight_bits > 1 or self.accumulator_bits <= self.activation_bits):
            raise ValueError(
                f"{self._widths} cannot have signs: they take 1-bit weights and an accumulator wider than activations"
            )
        if built.signs and built.loading:
            raise ValueError("signs and loading exclude each other: the product's sign has still to be added")
        if built.segment is not None and built.segment >= self.accumulator_bits:
            raise ValueError(
                f"segment is {built.segment}; allowed are 1 to {self.accumulator_bits - 1}, less than the accumulator's"
            )
        if self.slope is None and (built.bare or built.split or built.fold != PLAIN.fold):
            raise ValueError(
                f"{self._widths} has no cyclic activation; bare, split, range, magnitude and ripple need one"
            )
        if built.bare and built.split:
            raise ValueError("bare and split exclude each other: the cyclic activation has no register, or one inside")

    @property
    def name(self) -> str:
        """Activation x weight x accumulator bits, with slope and variant: `8x8x32`, `3x1x8k2`, `3x1x8k2-early`."""
        variant = self.architecture.name
        return f"{self._widths}-{variant}" if variant else self._widths

    @property
    def _widths(self) -> str:
        widths = f"{self.activation_bits}x{self.weight_bits}x{self.accumulator_bits}"
        return widths if self.slope is None else f"{widths}k{self.slope}"

    @property
    def module(self) -> str:
        """Name of the Verilog module; an identifier can neither start with a digit nor contain a hyphen."""
        return f"mac_{self.name.replace('-', '_')}"

    @property
    def product_bits(self) -> int:
        """Width of the product register: that of the whole product, or the accumulator's if that is less.

        16 bits for 8x8x32, 8 bits for 8x8x8, 4 bits for 3x1, as in section 2.6.3.
        """
        return min(self.activation_bits + self.weight_bits, self.accumulator_bits)

    @property
    def threshold(self) -> int:
        """Largest magnitude that the cyclic activation leaves unchanged: floor(k / (k + 1) * 2^(b - 1)).

        Raises ValueError for a unit without a cyclic activation.
        """
        if self.slope is None:
            raise ValueError(f"{self.name} has no cyclic activation, so no threshold")
        return (self.slope << (self.accumulator_bits - 1)) // (self.slope + 1)

    @property
    def settle(self) -> int:
        """Cycles without an operand after which `sum` and `out` are valid; 0 unless the accumulator is segmented."""
        segment = self.architecture.segment
        return 0 if segment is None else (self.accumulator_bits - 1) // segment

    @property
    def activation_range(self) -> range:
        """The activations that the unit accepts."""
        return range(1 << self.activation_bits)

    @property
    def weight_range(self) -> range:
        """The weights that the unit accepts; in steps of two for 1-bit weights, which are -1 and +1."""
        if self.weight_bits == 1:
            return range(-1, 2, 2)
        return range(-1 << (self.weight_bits - 1), 1 << (self.weight_bits - 1))

    @property
    def accumulator_range(self) -> range:
        """The values that the accumulator can hold."""
        return range(-1 << (self.accumulator_bits - 1), 1 << (self.accumulator_bits - 1))

    @classmethod
    def parse(cls, name: str) -> "MacDesign":
        """Returns the design called `name`, such as `8x8x8k2`. Raises ValueError for a name of another form."""
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(
                f"unknown design {name!r}; a design is ACTIVATIONxWEIGHTxACCUMULATOR in bits, with kSLOPE "
                f"for a cyclic activation and -VARIANT for another architecture, such as {', '.join(PUBLISHED)}"
            )
        activation, weight, accumulator, slope, variant = match.groups()
        architecture = Architecture.parse(variant) if variant else PLAIN
        return cls(int(activation), int(weight), int(accumulator), int(slope) if slope else None, architecture)


PUBLISHED: dict[str, MacDesign] = {
    design.name: design
    for design in (
        MacDesign(8, 8, 32),
        MacDesign(3, 1, 32),
        MacDesign(8, 8, 8, 2),
        MacDesign(8, 8, 8, 4),
        MacDesign(3, 1, 8, 2),
        MacDesign(3, 1, 8, 4),
    )
}
"""The designs of Tables 2.11 to 2.13, by name, in the tables' order."""
