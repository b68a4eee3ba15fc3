"""`wrapmac check`: units in a simulator against the golden model."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import arg

from reports.commands.options import Designs, Out, Seed, chosen_designs, ensure_outputs
from sim.simulators import SimulatorName
from sim.waves import FST_PACKAGES, WaveFormat, can_write


def check(
    names: Designs,
    /,
    simulator: Annotated[SimulatorName, arg(help="which simulator runs the bench")] = "verilator",
    seed: Seed = 0,
    layer: Annotated[Path | None, arg(metavar="FILE.npz", help="exported layer to check as well (see flow)")] = None,
    out: Out = Path("build/check"),
    waves: Annotated[
        Path | None, arg(metavar="DIR", help="write the signals of each unit there, for the whole run, as DIR/NAME.fst")
    ] = None,
    wave_format: Annotated[WaveFormat, arg(help="fst is compressed, 1 MB a unit; vcd is text, 16 MB a unit")] = "fst",
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the verdicts there")] = None,
) -> int:
    """Check units bit for bit against the PyTorch model, with coverage. Exit code 1 if one fails."""
    from hw.mac.verilog import mac_verilog
    from models.files import write_text
    from models.progress import Progress
    from reports.commands.output import show, write_json
    from reports.mac.summaries import check_summary
    from sim.mac.bench import BenchJob, ensure_runnable, simulate

    written = writable_format(simulator, wave_format) if waves else wave_format
    jobs = [
        BenchJob(
            design=design,
            sources=(out / design.name / "unit.v",),
            simulator=simulator,
            seed=seed,
            layer=layer,
            waves=waves / f"{design.name}.{written}" if waves else None,
        )
        for design in chosen_designs(names)
    ]
    for job in jobs:
        ensure_runnable(job)
    ensure_outputs(json_file, *(job.waves for job in jobs), folders=[out], inputs=[layer])
    with Progress() as progress, ThreadPoolExecutor(os.cpu_count()) as pool:
        task = progress.task(f"checking with {simulator}", len(jobs))

        def run(job: BenchJob) -> dict[str, Any]:
            write_text(job.sources[0], mac_verilog(job.design))
            verdict = simulate(job, job.sources[0].parent)
            task.advance(note=job.design.name)
            return {"name": job.design.name, "simulator": simulator, "seed": seed, **verdict}

        verdicts = list(pool.map(run, jobs))
    write_json(json_file, verdicts)
    show([check_summary(verdicts)])
    return 0 if all(verdict["passed"] for verdict in verdicts) else 1


def writable_format(simulator: SimulatorName, wanted: WaveFormat) -> WaveFormat:
    """The wanted format or, where the libraries for FST are missing, VCD, with a note on standard error."""
    if can_write(simulator, wanted):
        return wanted
    packages = " ".join(FST_PACKAGES)
    print(f"wrapmac: note: waveforms are VCD; for FST, Verilator needs: apt-get install {packages}", file=sys.stderr)
    return "vcd"
