"""Any cocotb bench: an adder that is no multiply-accumulate unit, in both simulators."""

from pathlib import Path
from typing import Any

import pytest

from sim.benches import CocotbBench, run_bench
from sim.simulators import SimulatorError, SimulatorName
from sim.waves import WAVES

ADDER = """
module adder #(parameter WIDTH = 1) (input [WIDTH-1:0] a, input [WIDTH-1:0] b, output [WIDTH:0] sum);
  assign sum = a + b + `EXTRA;
`ifdef WAVES
  initial begin
    $dumpfile("waves");
    $dumpvars(0, adder);
  end
`endif
endmodule
"""


def adder_bench(folder: Path, verilog: str = ADDER, **options: Any) -> CocotbBench:
    source = folder / "adder.v"
    source.write_text(verilog)
    job = {"pairs": [[1, 2], [7, 7]], "expected": [4, 15], "verdict": True}
    defaults: dict[str, Any] = {
        "title": "the adder",
        "simulator": "icarus",
        "sources": (source,),
        "top_level": "adder",
        "test_module": "tests.support.adder_tests",
        "parameters": {"WIDTH": 3},
        "defines": {"EXTRA": 1},
        "job": job | options.pop("job", {}),
    }
    return CocotbBench(**{**defaults, **options})


@pytest.mark.parametrize(
    "simulator", [pytest.param("icarus", marks=pytest.mark.debian), pytest.param("verilator", marks=pytest.mark.slow)]
)
def test_parameters_defines_job_and_environment_reach_the_tests(simulator: SimulatorName, tmp_path: Path) -> None:
    bench = adder_bench(tmp_path, simulator=simulator, environment={"SHOWN": "yes"})
    verdict = run_bench(bench, tmp_path / "run")
    assert verdict == {
        "sums": [4, 15],
        "environment": "yes",
        "passed": True,
        "log": str(tmp_path / "run" / "simulator.log"),
    }
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["simulator.log"]


@pytest.mark.debian
def test_a_failed_test_fails_the_verdict(tmp_path: Path) -> None:
    verdict = run_bench(adder_bench(tmp_path, job={"expected": [3, 14]}), tmp_path / "run")
    assert not verdict["passed"]
    assert verdict["sums"] == [4, 15]


@pytest.mark.debian
def test_waveforms_are_kept_where_they_were_asked_for(tmp_path: Path) -> None:
    waves = tmp_path / "waves" / "adder.vcd"
    assert run_bench(adder_bench(tmp_path, waves=waves), tmp_path / "run")["passed"]
    assert "$enddefinitions" in waves.read_text()
    assert not list((tmp_path / "run").glob(f"{WAVES}*"))


@pytest.mark.debian
def test_tests_without_a_verdict_are_an_error_whose_log_is_kept(tmp_path: Path) -> None:
    bench = adder_bench(tmp_path, job={"verdict": False})
    with pytest.raises(SimulatorError, match=r"icarus ended without a verdict on the adder; see .*simulator\.log"):
        run_bench(bench, tmp_path / "run")
    assert (tmp_path / "run" / "simulator.log").exists()


@pytest.mark.debian
def test_verilog_that_cannot_be_built_is_an_error(tmp_path: Path) -> None:
    bench = adder_bench(tmp_path, verilog="module adder; oops endmodule")
    with pytest.raises(SimulatorError, match=r"icarus cannot build the adder; see .*simulator\.log"):
        run_bench(bench, tmp_path / "run")
