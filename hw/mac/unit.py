"""The multiply-accumulate unit of Figure 2.4."""

from amaranth.hdl import Module, signed, unsigned
from amaranth.lib.wiring import Component, In, Out

from hw.mac.accumulator import Accumulator
from hw.mac.cyclic import CyclicActivation
from hw.mac.design import MacDesign
from hw.mac.multiplier import Multiplier, SignMultiplier, weight_shape
from hw.mac.operands import OperandStage
from hw.mac.parts import ACCUMULATOR, AUXILIARY, CYCLIC, MULTIPLIER
from hw.mac.segmented import SegmentedAccumulator


class MacUnit(Component):
    """Multiplies, accumulates with wrap-around and, given a slope, applies the cyclic activation.

    Throughput: one product per cycle. Latency: `sum` includes the operands sampled at a clock edge from the third edge
    on, that edge included; `out` follows one edge later. Other architectures may need fewer edges
    (`Architecture.sum_latency`, `out_latency`); in segmented ones `sum` and `out` are valid after `design.settle`
    cycles without `enable`.

    Reset (`rst`, synchronous, active high) passes through the pipeline in order, like an operand: one cycle is enough,
    `sum` and `out` are 0 after an operand's latency, and nothing sampled before the reset counts in any later
    sum. Before the first reset, or the first `first`, the sum of a real chip is unknown.

    Ports:
        clk, rst: clock, reset.
        enable: this cycle's operands count; without it the sum holds.
        first: with `enable`, this product starts a new dot product; ignored without.
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
        m.submodules[AUXILIARY] = operands = self._operands()
        m.submodules[MULTIPLIER] = multiplier = self._multiplier()
        m.submodules[ACCUMULATOR] = accumulator = self._accumulator()
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
        if design.architecture.mirrored:
            m.d.comb += accumulator.keep.eq(operands.keep)
        if design.slope is not None:
            m.submodules[CYCLIC] = cyclic = self._cyclic(design.slope)
            m.d.comb += [cyclic.sum.eq(accumulator.sum), self.out.eq(cyclic.out)]
        return m

    def _operands(self) -> OperandStage:
        built = self.design.architecture
        shapes = self.activation.shape(), self.weight.shape()
        if not (built.early or built.signs or built.mirrored):
            return OperandStage(*shapes)
        return OperandStage(*shapes, early=built.early, quiet=built.signs, mirrored=built.mirrored)

    def _multiplier(self) -> Multiplier | SignMultiplier:
        design = self.design
        if design.architecture.signs:
            return SignMultiplier(design.activation_bits)
        return Multiplier(design.activation_bits, design.weight_bits, design.product_bits)

    def _accumulator(self) -> Accumulator | SegmentedAccumulator:
        design, built = self.design, self.design.architecture
        if not (built.signs or built.counting or built.mirrored or built.loading or built.segment):
            return Accumulator(design.product_bits, design.accumulator_bits)
        return SegmentedAccumulator(design.product_bits, design.accumulator_bits, built)

    def _cyclic(self, slope: int) -> CyclicActivation:
        design, built = self.design, self.design.architecture
        return CyclicActivation(
            design.accumulator_bits, slope, design.threshold, bare=built.bare, split=built.split, fold=built.fold
        )
