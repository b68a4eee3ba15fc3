"""The multiply-accumulate unit of Figure 2.4."""

from amaranth.hdl import Module, signed, unsigned
from amaranth.lib.wiring import Component, In, Out

from hw.accumulator import Accumulator
from hw.cyclic import CyclicActivation
from hw.designs import MacDesign
from hw.multiplier import Multiplier, weight_shape
from hw.operands import OperandStage

SUM_LATENCY = OperandStage.LATENCY + Multiplier.LATENCY + Accumulator.LATENCY
"""Clock edges from the one that samples the operands, that one included, to the sum that counts them."""

OUT_LATENCY = SUM_LATENCY + CyclicActivation.LATENCY
"""The same for the cyclic activation of that sum."""


class MacUnit(Component):
    """Multiplies, accumulates with wrap-around and, given a slope, applies the cyclic activation.

    One product a cycle. `sum` counts the operands sampled at a clock edge from the third edge on,
    that one included (`SUM_LATENCY`); `out` follows one edge later (`OUT_LATENCY`).

    Reset (`rst`, synchronous, active high) passes through the pipeline in order, like an operand:
    one cycle is enough; `sum` is 0 after the third edge and `out` after the fourth, and nothing
    sampled before the reset counts in any later sum. Before the first reset, or the first `first`,
    the sum of a real chip is unknown.

    Ports:
        clk, rst: clock, reset.
        enable: this cycle's operands count; without it the sum holds.
        first: with `enable`, this product starts a new dot product. Ignored without `enable`.
        activation: unsigned.
        weight: two's complement; a 1-bit weight is 0 for -1 and 1 for +1.
        sum: the accumulator register, signed.
        out: cyclic activation of `sum`, signed; only with a slope.

    Source: dissertation section 2.6.3, Figure 2.4.
    """

    def __init__(self, design: MacDesign) -> None:
        self.design = design
        ports = {
            "rst": In(1),
            "enable": In(1),
            "first": In(1),
            "activation": In(unsigned(design.activation_bits)),
            "weight": In(weight_shape(design.weight_bits)),
            "sum": Out(signed(design.accumulator_bits)),
        }
        if design.slope is not None:
            ports["out"] = Out(signed(design.accumulator_bits))
        super().__init__(ports)

    def elaborate(self, _platform: object) -> Module:
        design = self.design
        m = Module()
        m.submodules.auxiliary = operands = OperandStage(self.activation.shape(), self.weight.shape())
        m.submodules.multiplier = multiplier = Multiplier(
            design.activation_bits, design.weight_bits, design.product_bits
        )
        m.submodules.accumulator = accumulator = Accumulator(design.product_bits, design.accumulator_bits)
        m.d.comb += [
            operands.reset_in.eq(self.rst),
            operands.enable_in.eq(self.enable),
            operands.first_in.eq(self.first),
            operands.activation_in.eq(self.activation),
            operands.weight_in.eq(self.weight),
            multiplier.activation.eq(operands.activation),
            multiplier.weight.eq(operands.weight),
            accumulator.restart.eq(operands.restart),
            accumulator.product.eq(multiplier.product),
            self.sum.eq(accumulator.sum),
        ]
        if design.slope is not None:
            m.submodules.cyclic = cyclic = CyclicActivation(design.accumulator_bits, design.slope, design.threshold)
            m.d.comb += [cyclic.sum.eq(accumulator.sum), self.out.eq(cyclic.out)]
        return m
