"""The bench in both simulators: it passes good units, and catches every kind of broken one."""

from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Module, Mux, Value

import hw.mac.unit
from hw.mac.accumulator import Accumulator
from hw.mac.cyclic import CyclicActivation
from hw.mac.design import PUBLISHED, MacDesign
from hw.mac.multiplier import Multiplier
from hw.mac.operands import OperandStage
from hw.mac.segmented import SegmentedAccumulator
from hw.mac.verilog import mac_verilog
from sim.simulators import Job, SimulatorError, SimulatorName, simulate


def run(folder: Path, name: str, simulator: SimulatorName = "icarus", **options: Any) -> dict[str, Any]:
    design = MacDesign.parse(name)
    source = folder / "unit.v"
    source.write_text(mac_verilog(design))
    return simulate(Job(design=design, sources=(source,), simulator=simulator, **options), folder / "run")


@pytest.mark.slow
@pytest.mark.debian
@pytest.mark.parametrize("name", [*PUBLISHED, "4x2x12k4", "1x1x2k1", "16x16x64k3", "16x16x2", "1x16x9"])
def test_units_pass_on_icarus_with_every_bin_hit(name: str, tmp_path: Path) -> None:
    verdict = run(tmp_path, name)
    assert verdict["passed"]
    assert verdict["mismatches"] == 0
    assert verdict["vectors"] > 80_000
    assert min(verdict["coverage"].values()) > 0


@pytest.mark.slow
@pytest.mark.debian
@pytest.mark.parametrize(
    "name", ["3x1x8k2-counting-mirrored-early-split-segment4", "3x1x32-signs-early-segment8", "4x3x9k3-loading-bare"]
)
def test_other_architectures_pass_with_every_bin_hit(name: str, tmp_path: Path) -> None:
    verdict = run(tmp_path, name)
    assert verdict["passed"]
    assert verdict["mismatches"] == 0
    assert verdict["vectors"] > 80_000
    assert min(verdict["coverage"].values()) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["8x8x8k2", "3x1x32"])
def test_units_pass_on_verilator_with_a_layer(name: str, tmp_path: Path, layer_file: Path) -> None:
    verdict = run(tmp_path, name, "verilator", layer=layer_file, layer_dots=1000)
    assert verdict["passed"]
    assert verdict["mismatches"] == 0
    assert verdict["layer_macs"] == 18_000
    assert min(verdict["coverage"].values()) > 0


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
    """Starts a new sum a product late."""

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
    """Reads the weight as unsigned; where the product is cut to the weight's width that would make no difference."""

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
    """Lets a carry of the last sum into the next one."""

    def _kept(self, value: Value, low: int) -> Value:
        return value if len(value) == 1 and low else super()._kept(value, low)


class HastyOperands(OperandStage):
    """Lets reset clear the sum a cycle too early, so that it overtakes what came before it."""

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        with m.If(self.reset_in):
            m.d.sync += self.restart.eq(1)
        return m


MUTANTS = [
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


@pytest.mark.debian
def test_a_carry_that_outlives_its_sum_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hw.mac.unit, "SegmentedAccumulator", ForgetfulCarries)
    assert run(tmp_path, "3x1x8-segment4")["mismatches"] > 0


@pytest.mark.slow
@pytest.mark.debian
@pytest.mark.parametrize(("name", "part", "mutant"), MUTANTS, ids=lambda value: getattr(value, "__name__", value))
def test_broken_parts_are_caught(
    name: str, part: str, mutant: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hw.mac.unit, part, mutant)
    verdict = run(tmp_path, name)
    assert verdict["mismatches"] > 0
    assert not verdict["passed"]


@pytest.mark.debian
def test_a_run_that_ends_early_is_caught(tmp_path: Path) -> None:
    """It must not pass for want of anything to compare."""
    design = PUBLISHED["3x1x8k2"]
    source = tmp_path / "unit.v"
    source.write_text(
        mac_verilog(design).replace("endmodule", "always @(posedge clk) if (first) $finish; endmodule", 1)
    )
    with pytest.raises(SimulatorError, match="without a verdict"):
        simulate(Job(design=design, sources=(source,), simulator="icarus"), tmp_path / "run")


@pytest.mark.debian
def test_verilog_that_does_not_compile_is_named(tmp_path: Path) -> None:
    source = tmp_path / "unit.v"
    source.write_text("module mac_3x1x8k2(input clk); oops endmodule")
    with pytest.raises(SimulatorError, match="icarus does not build 3x1x8k2"):
        simulate(Job(design=PUBLISHED["3x1x8k2"], sources=(source,), simulator="icarus"), tmp_path / "run")


def test_a_missing_simulator_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulatorError, match="Icarus Verilog is missing; install it with: apt-get install iverilog"):
        run(tmp_path, "3x1x8k2")
