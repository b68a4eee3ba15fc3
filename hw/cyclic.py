"""The cyclic activation that makes a network immune to accumulator overflow."""

from amaranth.hdl import Module, Mux, signed
from amaranth.lib.wiring import Component, In, Out


class CyclicActivation(Component):
    """Cyclic activation of slope k, registered (dissertation section 2.3.1).

    With t = k / (k + 1) * 2^(b - 1), the sum m maps to

        m                  for -t <= m <= t,
        k 2^(b-1) - k m    for m > t,
        -k 2^(b-1) - k m   for m < -t.

    The two folded arms differ by k 2^b, so modulo 2^b they are one and the same expression. Every
    result lies in [-t, t].

    Latency: 1 cycle (`LATENCY`).

    Ports:
        sum: signed, from the accumulator.
        out: signed, as wide as `sum`.
    """

    LATENCY = 1

    def __init__(self, accumulator_bits: int, slope: int, threshold: int) -> None:
        self.half_period = 1 << (accumulator_bits - 1)
        self.slope = slope
        self.threshold = threshold
        super().__init__({"sum": In(signed(accumulator_bits)), "out": Out(signed(accumulator_bits))})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        beyond = (self.sum > self.threshold) | (self.sum < -self.threshold)
        folded = self.slope * self.half_period - self.slope * self.sum
        m.d.sync += self.out.eq(Mux(beyond, folded, self.sum))
        return m
