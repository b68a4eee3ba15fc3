"""Multipliers with their product register."""

from amaranth.hdl import Cat, Module, Mux, Shape, signed, unsigned
from amaranth.lib.wiring import Component, In, Out


class Multiplier(Component):
    """Product of an unsigned activation and a weight, registered.

    A weight of more than one bit is two's complement; a 1-bit weight is a sign: 0 for -1, 1 for +1.
    A product register narrower than the product keeps the low bits: an accumulator of that width would drop the others.

    Latency: 1 cycle. The register is part of the multiplier (section 2.6.3).

    Ports:
        activation, weight: operands.
        product: signed, `product_bits` wide.
    """

    def __init__(self, activation_bits: int, weight_bits: int, product_bits: int) -> None:
        self.sign_weight = weight_bits == 1
        super().__init__(
            {
                "activation": In(unsigned(activation_bits)),
                "weight": In(weight_shape(weight_bits)),
                "product": Out(signed(product_bits)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        if self.sign_weight:
            m.d.sync += self.product.eq(Mux(self.weight, self.activation, -self.activation))
        else:
            m.d.sync += self.product.eq(self.activation * self.weight)
        return m


class SignMultiplier(Component):
    """Product of an unsigned activation and a sign, registered as activation XOR sign with the sign above it.

    Two's complement also needs the sign added at the lowest bit: hw.mac.segmented.SegmentedAccumulator does that.

    Latency: 1 cycle.

    Ports:
        activation: unsigned.
        weight: 0 for -1, 1 for +1.
        product: one bit wider than the activation.
    """

    def __init__(self, activation_bits: int) -> None:
        super().__init__(
            {
                "activation": In(unsigned(activation_bits)),
                "weight": In(unsigned(1)),
                "product": Out(signed(activation_bits + 1)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        negative = ~self.weight
        m.d.sync += self.product.eq(Cat(self.activation ^ negative.replicate(len(self.activation)), negative))
        return m


def weight_shape(weight_bits: int) -> Shape:
    """Returns the shape of a weight port: two's complement, or one plain bit for the weights -1 and +1."""
    return unsigned(1) if weight_bits == 1 else signed(weight_bits)
