"""An accumulator with signs as carry-ins, upper bits that count, and carries that wait a cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib.wiring import Component, In, Out

from hw.mac.architecture import Architecture


class SegmentedAccumulator(Component):
    """Running sum of products modulo 2^accumulator_bits, in carry-save form between its segments.

    The total is `sum` plus the register `carries`, whose bit i has the weight of the lowest bit of segment i + 1.
    Without segments there are no carries, and `sum` is the total.

    Latency: 1 cycle. Each cycle with a product of 0 moves the carries on by one segment.

    Ports:
        restart: this product starts a new sum.
        keep: the inverse of `restart`, for the upper half of the accumulator; only with `mirrored`.
        product: two's complement, at most as wide as the accumulator; with `signs`, activation XOR sign with the sign
            above it, which is also added at the lowest bit.
        sum: signed; a register.
    """

    def __init__(self, product_bits: int, accumulator_bits: int, architecture: Architecture) -> None:
        self.architecture = architecture
        self.adding = product_bits - 1 if architecture.counting else accumulator_bits
        self.segment = architecture.segment or accumulator_bits
        ports = {
            "restart": In(unsigned(1)),
            "product": In(signed(product_bits)),
            "sum": Out(signed(accumulator_bits)),
        }
        if architecture.mirrored:
            ports["keep"] = In(unsigned(1))
        super().__init__(ports)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        width = len(self.sum)
        addend = Signal(signed(width))
        m.d.comb += addend.eq(self.product)
        carries = Signal((width - 1) // self.segment)
        sign = self.product[-1]
        carry: Value = sign if self.architecture.signs else Const(0, 1)
        for number, low in enumerate(range(0, width, self.segment)):
            high = min(low + self.segment, width)
            between = min(max(low, self.adding), high)
            if number:
                carry = self._kept(carries[number - 1], low)
            if between > low:
                added = Signal(between - low + 1, name=f"added{number}")
                # The carry enters as an extra bit at the bottom, so that the adder has only two operands.
                kept = self._kept(self.sum[low:between], low)
                total = Cat(Const(1, 1), kept) + Cat(carry, addend[low:between])
                m.d.comb += added.eq(total[1:])
                m.d.sync += self.sum[low:between].eq(self._loaded(addend[low:between], added[:-1], low))
                carry = added[-1]
            if high > between:
                counted, carry = _count(self._kept(self.sum[between:high], between), carry, sign)
                m.d.sync += self.sum[between:high].eq(self._loaded(addend[between:high], counted, between))
            if high < width:
                m.d.sync += carries[number].eq(self._loaded(Const(0, 1), carry, low))
        return m

    def _kept(self, value: Value, low: int) -> Value:
        """Returns the value to which the bits from `low` upwards add: 0 if this product starts a new sum."""
        if self.architecture.loading:
            return value
        restarts = self._restarts(low, len(value))
        return value & ~restarts

    def _loaded(self, product: Value, total: Value, low: int) -> Value:
        """Returns the next value of the bits from `low` upwards: with `loading`, a first product itself."""
        if not self.architecture.loading:
            return total
        restarts = self._restarts(low, len(total))
        return Cat(*(Mux(*bits) for bits in zip(restarts, product, total, strict=True)))

    def _restarts(self, low: int, count: int) -> Value:
        """Returns for each of `count` bits from `low` upwards whether it restarts, read from its own register."""
        if not self.architecture.mirrored:
            return self.restart.replicate(count)
        half = len(self.sum) // 2
        return Cat(*(self.restart if bit < half else ~self.keep for bit in range(low, low + count)))


def _count(value: Value, carry: Value, sign: Value) -> tuple[Value, Value]:
    """Returns `value` + `carry` - `sign`, and the carry out of adding the extended sign."""
    moves = carry ^ sign
    rippling = value ^ sign.replicate(len(value))  # up through ones, down through zeros
    flips = [moves & rippling[:bit].all() if bit else moves for bit in range(len(value))]
    return value ^ Cat(*flips), sign ^ (moves & rippling.all())
