"""Accumulators that save work: signs as carries, counting upper bits, carries that wait a cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib.wiring import Component, In, Out


class SegmentedAccumulator(Component):
    """Running sum of products modulo 2^accumulator_bits, in carry-save form between its segments.

    The value of the sum is that of `sum` plus that of `carries`, each of which counts at the first bit of the segment
    above it. Without segments there are no carries, and `sum` is the value.

    Latency: 1 cycle; then a carry takes one cycle a segment, while products of 0 come.

    Ports:
        restart: this product starts a new sum.
        product: two's complement, at most as wide as the accumulator; or, with `signs`, activation XOR sign below the
            sign, which is added once more at the lowest bit.
        sum: signed, a register.
    """

    def __init__(
        self, product_bits: int, accumulator_bits: int, *, signs: bool, counting: bool, segment: int | None
    ) -> None:
        self.signs = signs
        self.adding = product_bits - 1 if counting else accumulator_bits
        self.segment = segment or accumulator_bits
        super().__init__(
            {
                "restart": In(unsigned(1)),
                "product": In(signed(product_bits)),
                "sum": Out(signed(accumulator_bits)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        width = len(self.sum)
        kept = Signal(width)
        addend = Signal(signed(width))
        carries = Signal((width - 1) // self.segment)
        m.d.comb += [kept.eq(Mux(self.restart, 0, self.sum)), addend.eq(self.product)]
        sign = self.product[-1]
        carry: Value = sign if self.signs else Const(0, 1)
        for number, low in enumerate(range(0, width, self.segment)):
            high = min(low + self.segment, width)
            between = min(max(low, self.adding), high)
            if number:
                carry = carries[number - 1] & ~self.restart
            if between > low:
                added = Signal(between - low + 1, name=f"added{number}")
                # The carry enters as one more bit below, so that the adder has but two operands.
                total = Cat(Const(1, 1), kept[low:between]) + Cat(carry, addend[low:between])
                m.d.comb += added.eq(total[1:])
                m.d.sync += self.sum[low:between].eq(added)
                carry = added[-1]
            if high > between:
                counted, carry = _count(kept[between:high], carry, sign)
                m.d.sync += self.sum[between:high].eq(counted)
            if high < width:
                m.d.sync += carries[number].eq(carry)
        return m


def _count(value: Value, carry: Value, sign: Value) -> tuple[Value, Value]:
    """`value` + `carry` - `sign`, and the carry that its sum with the sign's extension leaves."""
    moves = carry ^ sign
    rippling = value ^ sign.replicate(len(value))  # up through ones, down through zeros
    flips = [moves & rippling[:bit].all() if bit else moves for bit in range(len(value))]
    return value ^ Cat(*flips), sign ^ (moves & rippling.all())
