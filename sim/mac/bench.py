"""The bench of a multiply-accumulate unit: bench.v, driven by the cocotb tests of sim.mac.bench_tests."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hw.mac.design import MacDesign
from models.integer_network.layer import LayerExport
from models.training.seeds import check_seed
from sim.benches import CocotbBench, run_bench
from sim.mac.stimulus import trained_layer
from sim.mac.streams import flush
from sim.simulators import SimulatorName, simulator_version
from sim.waves import check_wave_file

_BENCH = Path(__file__).with_name("bench.v")


@dataclass(frozen=True, kw_only=True)
class BenchJob:
    """One run of the bench.

    design: parameters of the unit. sources: its Verilog files; the top module is `design.module`.
    simulator: runs the bench. seed: of all random stimuli.
    preload: whether the accumulator is a register named `accumulator.sum`, as in generated Verilog, so that distant
        sums can be set; False for mapped netlists.
    layer: npz export of a trained layer whose dot products are checked as well, or None. layer_dots: how many of them.
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
        """Units that run side by side in the bench.

        In Verilator the clock costs more time than a unit, in Icarus it does not, and netlists take long to compile.
        Waveforms show one unit, which then plays everything.
        """
        return 8 if self.simulator == "verilator" and self.preload and self.waves is None else 1


def ensure_runnable(job: BenchJob) -> None:
    """Raises whatever `simulate` would raise before it writes: for a missing simulator or an unfit layer."""
    simulator_version(job.simulator)
    if job.layer is not None:
        trained_layer(job.design, LayerExport.load(job.layer), 1, 1, job.seed)


def simulate(job: BenchJob, folder: Path) -> dict[str, Any]:
    """Builds and runs the bench, leaves simulator.log in `folder`, and returns the verdict.

    The verdict has `vectors`, `mismatches`, `first_mismatches`, `coverage` (hits by bin), `passed`, `log`, and, with a
    layer, `layer_macs` and `layer_seconds` (stimulus, simulation, golden model and comparison together). Waveforms are
    kept whatever the verdict.
    Raises SimulatorError if the simulator is missing, refuses the Verilog or ends without a verdict, and ValueError if
    the layer cannot be read or its integers do not fit the unit.
    """
    ensure_runnable(job)
    design = job.design
    bench = CocotbBench(
        title=design.name,
        simulator=job.simulator,
        sources=(*job.sources, _BENCH),
        top_level="bench",
        test_module="sim.mac.bench_tests",
        parameters={
            "ACTIVATION_BITS": design.activation_bits,
            "WEIGHT_BITS": design.weight_bits,
            "ACCUMULATOR_BITS": design.accumulator_bits,
            "LANES": job.lanes,
            "FLUSH": flush(design),
        },
        defines={"UNIT": design.module} | ({"SLOPE": 1} if design.slope else {}),
        job=_described(job),
        environment={"COCOTB_RANDOM_SEED": str(job.seed)},
        waves=job.waves,
    )
    return run_bench(bench, folder)


def _described(job: BenchJob) -> dict[str, Any]:
    """The job as plain JSON values."""
    return asdict(job) | {
        "design": job.design.name,
        "sources": [str(path) for path in job.sources],
        "lanes": job.lanes,
        "layer": None if job.layer is None else str(job.layer.resolve()),
        "waves": None if job.waves is None else str(job.waves),
    }
