"""Builds a cocotb bench, runs it in a simulator, and returns its verdict."""

import json
import logging
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import Runner

from hw.plain_paths import is_plain, private_folder
from models.files import write_text, write_with
from sim.runners import choose_runner
from sim.scratch import scratch_folder
from sim.simulators import SimulatorError, SimulatorName, build_arguments
from sim.waves import keep_waves

_LOG = "simulator.log"
_JOB = "WRAPMAC_JOB"
_VERDICT = "verdict.json"


@dataclass(frozen=True, kw_only=True)
class CocotbBench:
    """A bench: Verilog, and the cocotb tests that drive it.

    title: what is tested, for messages. simulator: runs the bench. sources: all Verilog files. top_level: the module
    that cocotb drives. test_module: the Python module with the tests. parameters, defines: of the Verilog.
    job: plain JSON values that the tests read with `read_job`. environment: variables for the simulator's process.
    waves: file for the signals of the whole run, NAME.fst or NAME.vcd, or None; with it the Verilog macro WAVES is
        defined, and the bench has to write them to the file sim.waves.WAVES.
    """

    title: str
    simulator: SimulatorName
    sources: tuple[Path, ...]
    top_level: str
    test_module: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    defines: Mapping[str, str | int] = field(default_factory=dict)
    job: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    waves: Path | None = None


def run_bench(bench: CocotbBench, folder: Path) -> dict[str, Any]:
    """Builds and runs a bench, leaves simulator.log in `folder`, and returns the verdict.

    The verdict holds what the tests gave `write_verdict`, `passed` (whether every test passed) and `log`. Waveforms are
    kept whatever the verdict.
    Raises SimulatorError if the simulator refuses the Verilog or ends without a verdict.
    """
    log_file = folder / _LOG
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with scratch_folder(_place_to_build(folder)) as scratch:
        try:
            verdict = _build_and_test(bench, scratch, f"see {folder / _LOG}")
        finally:
            log = scratch / _LOG
            if log.exists():
                write_with(folder / _LOG, partial(shutil.copyfile, log))
            if bench.waves is not None:
                keep_waves(scratch, bench.waves)
    return verdict | {"log": str(log_file)}


def read_job() -> dict[str, Any]:
    """Returns the job of the bench, inside the simulator."""
    job: dict[str, Any] = json.loads(Path(os.environ[_JOB]).read_text(encoding="utf-8"))
    return job


def write_verdict(findings: Mapping[str, Any]) -> None:
    """Leaves what the tests found, plain JSON values, for `run_bench`; called once, inside the simulator."""
    Path(os.environ[_JOB]).with_name(_VERDICT).write_text(json.dumps(findings, indent=2), encoding="utf-8")


def _place_to_build(folder: Path) -> Path:
    """The folder itself, or one for temporary files if make cannot build there."""
    return folder if is_plain(folder) else private_folder()


def _build_and_test(bench: CocotbBench, folder: Path, where: str) -> dict[str, Any]:
    """Runs the bench in an empty folder. where: the place of the log, for messages."""
    write_text(folder / "job.json", json.dumps(bench.job, indent=2))
    runner = choose_runner(bench.simulator, bench.waves)
    runner.log.setLevel(logging.CRITICAL)
    try:
        _build(runner, bench, folder)
    except RuntimeError as error:
        raise SimulatorError(f"{bench.simulator} cannot build {bench.title}; {where}") from error
    results = folder / "results.xml"
    with suppress(SystemExit, RuntimeError):  # raised by cocotb's runner where a test failed; the results tell which
        _test(runner, bench, folder, results)
    if not (folder / _VERDICT).exists() or not results.exists():
        raise SimulatorError(f"{bench.simulator} ended without a verdict on {bench.title}; {where}")
    verdict: dict[str, Any] = json.loads((folder / _VERDICT).read_text(encoding="utf-8"))
    tests, failed = get_results(results)
    return verdict | {"passed": tests > 0 and failed == 0}


def _readable(source: Path, copy: Path) -> Path:
    """The source or, if simulators cannot read its path, a copy of it in the file `copy`."""
    if is_plain(source):
        return source
    shutil.copyfile(source, copy)
    return copy


def _build(runner: Runner, bench: CocotbBench, folder: Path) -> None:
    runner.build(
        sources=[_readable(path.resolve(), folder / f"{number}.v") for number, path in enumerate(bench.sources)],
        hdl_toplevel=bench.top_level,
        parameters=bench.parameters,
        defines={**bench.defines, **({"WAVES": 1} if bench.waves else {})},
        build_args=build_arguments(bench.simulator, bench.waves),
        waves=bench.simulator == "verilator" and bench.waves is not None,
        build_dir=folder / "build",
        timescale=("1ns", "1ps"),
        always=True,
        log_file=folder / _LOG,
    )


def _test(runner: Runner, bench: CocotbBench, folder: Path, results: Path) -> None:
    runner.test(
        hdl_toplevel=bench.top_level,
        test_module=bench.test_module,
        build_dir=folder / "build",
        test_dir=folder,
        results_xml=str(results),
        waves=bench.simulator == "icarus" and bench.waves is not None,
        extra_env={**bench.environment, _JOB: str(folder / "job.json")},
        log_file=folder / _LOG,
    )
