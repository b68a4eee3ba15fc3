"""The bench in both simulators: it passes sound units and catches every kind of broken one."""

from pathlib import Path
from typing import Any

import pytest

import hw.mac.unit
from hw.mac.design import PUBLISHED, MacDesign
from hw.mac.verilog import mac_verilog
from sim.mac.bench import BenchJob, simulate
from sim.simulators import SimulatorError, SimulatorName
from tests.support.broken_units import BROKEN_UNITS, ForgetfulCarries


def run(folder: Path, name: str, simulator: SimulatorName = "icarus", **options: Any) -> dict[str, Any]:
    design = MacDesign.parse(name)
    source = folder / "unit.v"
    source.write_text(mac_verilog(design))
    return simulate(BenchJob(design=design, sources=(source,), simulator=simulator, **options), folder / "run")


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


@pytest.mark.debian
def test_a_carry_that_outlives_its_sum_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hw.mac.unit, "SegmentedAccumulator", ForgetfulCarries)
    assert run(tmp_path, "3x1x8-segment4")["mismatches"] > 0


@pytest.mark.slow
@pytest.mark.debian
@pytest.mark.parametrize(("name", "part", "broken"), BROKEN_UNITS, ids=lambda value: getattr(value, "__name__", value))
def test_broken_parts_are_caught(
    name: str, part: str, broken: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hw.mac.unit, part, broken)
    verdict = run(tmp_path, name)
    assert verdict["mismatches"] > 0
    assert not verdict["passed"]


@pytest.mark.debian
def test_a_run_that_ends_early_is_caught(tmp_path: Path) -> None:
    """It must not pass because there is nothing to compare."""
    design = PUBLISHED["3x1x8k2"]
    source = tmp_path / "unit.v"
    source.write_text(
        mac_verilog(design).replace("endmodule", "always @(posedge clk) if (first) $finish; endmodule", 1)
    )
    with pytest.raises(SimulatorError, match="without a verdict"):
        simulate(BenchJob(design=design, sources=(source,), simulator="icarus"), tmp_path / "run")


@pytest.mark.debian
def test_verilog_that_does_not_compile_is_named(tmp_path: Path) -> None:
    source = tmp_path / "unit.v"
    source.write_text("module mac_3x1x8k2(input clk); oops endmodule")
    with pytest.raises(SimulatorError, match="icarus cannot build 3x1x8k2"):
        simulate(BenchJob(design=PUBLISHED["3x1x8k2"], sources=(source,), simulator="icarus"), tmp_path / "run")


def test_a_missing_simulator_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulatorError, match="Icarus Verilog is missing; install it with: apt-get install iverilog"):
        run(tmp_path, "3x1x8k2")


def test_waveforms_of_another_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"waveforms are 'x.png'; allowed are names that end with \.fst or \.vcd"):
        BenchJob(design=PUBLISHED["3x1x8k2"], sources=(), waves=tmp_path / "x.png")
