"""Units with one broken part each, for benches and proofs that must notice."""

from typing import Any

from amaranth.hdl import Module, Mux, Value

from hw.mac.accumulator import Accumulator
from hw.mac.cyclic import CyclicActivation
from hw.mac.multiplier import Multiplier
from hw.mac.operands import OperandStage
from hw.mac.segmented import SegmentedAccumulator


class LateFold(CyclicActivation):
    """Folds one integer too late."""

    def __init__(self, accumulator_bits: int, slope: int, threshold: int, **form: Any) -> None:
        super().__init__(accumulator_bits, slope, threshold + 1, **form)


class EarlyFold(CyclicActivation):
    """Folds one integer too early."""

    def __init__(self, accumulator_bits: int, slope: int, threshold: int, **form: Any) -> None:
        super().__init__(accumulator_bits, slope, threshold - 1, **form)


class LopsidedFold(CyclicActivation):
    """Forgets the lower arm."""

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        folded = self.slope * self.half_period - self.slope * self.sum
        m.d.sync += self.out.eq(Mux(self.sum > self.threshold, folded, self.sum))
        return m


class SaturatingAccumulator(Accumulator):
    """Stops at its largest and smallest values."""

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        wide = Mux(self.restart, 0, self.sum) + self.product
        top = (1 << (len(self.sum) - 1)) - 1
        m.d.sync += self.sum.eq(Mux(wide > top, top, Mux(wide < -top - 1, -top - 1, wide)))
        return m


class ForgetfulAccumulator(Accumulator):
    """Starts a new sum one product late."""

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.sync += self.sum.eq(Mux(self.restart, 0, self.sum + self.product))
        return m


class MagnitudeMultiplier(Multiplier):
    """Ignores the sign of the weight."""

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.sync += self.product.eq(self.activation * abs(self.weight))
        return m


class UnsignedMultiplier(Multiplier):
    """Reads the weight as unsigned, which shows only in products wider than the weight."""

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.sync += self.product.eq(self.activation * self.weight.as_unsigned())
        return m


class LeakyOperands(OperandStage):
    """Counts the operands of cycles without `enable`."""

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        m.d.sync += self.activation.eq(Mux(self.reset_in, 0, self.activation_in))
        return m


class ForgetfulCarries(SegmentedAccumulator):
    """Adds a carry of the last sum to the next one."""

    def _kept(self, value: Value, low: int) -> Value:
        return value if len(value) == 1 and low else super()._kept(value, low)


class HastyOperands(OperandStage):
    """Lets a reset clear the sum a cycle too early, so that it overtakes the operands before it."""

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        with m.If(self.reset_in):
            m.d.sync += self.restart.eq(1)
        return m


BROKEN_UNITS = [
    ("8x8x8k2", "CyclicActivation", LateFold),
    ("8x8x8k2", "CyclicActivation", EarlyFold),
    ("3x1x8k4", "CyclicActivation", LopsidedFold),
    ("3x1x8k2", "Accumulator", SaturatingAccumulator),
    ("3x1x32", "Accumulator", SaturatingAccumulator),
    ("8x8x32", "Accumulator", ForgetfulAccumulator),
    ("8x8x32", "Multiplier", UnsignedMultiplier),
    ("8x8x8k2", "Multiplier", MagnitudeMultiplier),
    ("3x1x8k2", "Multiplier", UnsignedMultiplier),
    ("8x8x32", "OperandStage", LeakyOperands),
    ("3x1x8k4", "OperandStage", HastyOperands),
]
"""The design, the name in hw.mac.unit of the part, and the class that replaces it."""
