"""The cyclic activation that makes a network immune to accumulator overflow."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out

from hw.mac.architecture import Fold


class CyclicActivation(Component):
    """Cyclic activation of slope k (dissertation section 2.3.1).

    With t = k / (k + 1) * 2^(b - 1), the sum m maps to

        m                  for -t <= m <= t,
        k 2^(b-1) - k m    for m > t,
        -k 2^(b-1) - k m   for m < -t.

    The two folded arms differ by k 2^b, so modulo 2^b they are the same expression. Every result lies in [-t, t].

    Latency: 1 cycle, or 0 with `bare`, which leaves out the register. With `split` the register holds the sum and
    whether to fold it, instead of the result.

    fold: form of the logic. `arms` compares the sum with both thresholds; `range` compares the sum, read as unsigned,
        with the two ends of one range; `magnitude` compares the magnitude; `ripple` does so as well, and negates by
        finding the lowest 1.

    Ports:
        sum: signed; from the accumulator.
        out: signed; as wide as `sum`.
    """

    def __init__(
        self,
        accumulator_bits: int,
        slope: int,
        threshold: int,
        *,
        bare: bool = False,
        split: bool = False,
        fold: Fold = "arms",
    ) -> None:
        self.half_period = 1 << (accumulator_bits - 1)
        self.slope = slope
        self.threshold = threshold
        self.bare = bare
        self.split = split
        self.fold = fold
        super().__init__({"sum": In(signed(accumulator_bits)), "out": Out(signed(accumulator_bits))})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        if self.split:
            held, beyond = Signal(signed(len(self.sum))), Signal()
            m.d.sync += [held.eq(self.sum), beyond.eq(self._beyond())]
            m.d.comb += self.out.eq(Mux(beyond, self._folded(held), held))
            return m
        domain = m.d.comb if self.bare else m.d.sync
        domain += self.out.eq(Mux(self._beyond(), self._folded(self.sum), self.sum))
        return m

    def _beyond(self) -> Value:
        """Whether the sum lies on a folded arm."""
        if self.fold == "arms":
            return (self.sum > self.threshold) | (self.sum < -self.threshold)
        unsigned = self.sum.as_unsigned()
        if self.fold == "range":
            return (unsigned > self.threshold) & (unsigned < 2 * self.half_period - self.threshold)
        # Inverted, a negative sum is one less than its magnitude; the sign as lowest bit makes the comparison exact.
        negative = self.sum[-1]
        magnitude = self.sum[:-1] ^ negative.replicate(len(self.sum) - 1)
        return Cat(negative, magnitude) > 2 * self.threshold

    def _folded(self, value: Value) -> Value:
        """The value on the folded arms, modulo 2^b."""
        if self.fold != "ripple":
            return self.slope * self.half_period - self.slope * value
        # A number is negated by inverting all bits above its lowest 1.
        flips = [value[:bit].any() for bit in range(1, len(value))]
        negated = Cat(value[0], value[1:] ^ Cat(*flips))
        return self.slope * self.half_period + self.slope * negated
