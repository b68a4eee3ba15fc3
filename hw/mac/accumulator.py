"""The accumulator, which wraps around on overflow."""

from amaranth.hdl import Module, Mux, signed, unsigned
from amaranth.lib.wiring import Component, In, Out


class Accumulator(Component):
    """Running sum of products modulo 2^accumulator_bits, in two's complement.

    Each cycle adds `product` to the sum, or, with `restart`, to zero.

    Latency: 1 cycle.

    Ports:
        restart: this product starts a new sum.
        product: signed, at most as wide as the accumulator.
        sum: signed; the register itself.
    """

    def __init__(self, product_bits: int, accumulator_bits: int) -> None:
        super().__init__(
            {
                "restart": In(unsigned(1)),
                "product": In(signed(product_bits)),
                "sum": Out(signed(accumulator_bits)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.sync += self.sum.eq(Mux(self.restart, 0, self.sum) + self.product)
        return m
