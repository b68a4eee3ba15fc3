"""Commands that make and check units."""

import os
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from tyro.conf import arg

from hw.mac.design import MacDesign
from hw.mac.verilog import mac_verilog
from models.files import write_text
from models.progress import Progress
from models.training.seeds import check_seed
from models.wrapnet.settings import WrapNetConfig
from reports.cells.liberty import BUILTIN, load_library
from reports.commands.options import (
    Designs,
    LibraryName,
    Out,
    ProofLimit,
    Seed,
    chosen_designs,
    ensure_writable,
)
from reports.commands.output import show, show_page, write_record
from reports.mac.libraries import compare_libraries
from reports.mac.library_tables import library_markdown, library_tables
from reports.mac.mutants import SURVIVED, measure_mutants, passed
from reports.mac.synthesis import PROOF_LIMIT, synthesize
from reports.mac.tables import (
    check_summary,
    mutation_summary,
    overview_table,
    proof_summary,
    synthesis_summary,
    trace_table,
)
from reports.wrapnet.accuracy import accuracy_table
from sim.compiler import ensure_compiler
from sim.formal.designs import GRID
from sim.formal.proofs import LIMIT, prove_designs
from sim.simulators import Job, SimulatorName, ensure_runnable, simulate
from sim.waves import FST_PACKAGES, WaveFormat, can_write


def flow(
    out: Out = Path("build/report"),
    library: LibraryName = BUILTIN,
    seed: Seed = 0,
) -> int:
    """Train a small WrapNet, export a layer, generate and check the published units, map them to gates, report."""
    from reports.mac.flow import CheckFailed, run_flow
    from reports.mac.page import write_page

    try:
        with Progress() as progress:
            command = f"wrapmac flow --library {Path(library).name} --seed {seed}"
            report = run_flow(
                out, load_library(library), WrapNetConfig(activation_bits=3, seed=seed), progress, command
            )
    except CheckFailed as error:
        print(f"wrapmac: {error}", file=sys.stderr)
        return 1
    write_record(out / "report.json", report)
    write_page(report, out)
    show([overview_table(report), accuracy_table(report["trained_layer"])])
    show_page(out / "index.html")
    return 0 if all(design["equivalent"] for design in report["designs"]) else 1


def generate(
    names: Designs = (),
    /,
    out: Out = Path("build/verilog"),
    activation_bits: Annotated[int | None, arg(metavar="1..16", help="width of the unsigned activation, bits")] = None,
    weight_bits: Annotated[
        int | None, arg(metavar="1..16", help="width of the weight, bits; 1 bit is -1 or +1")
    ] = None,
    accumulator_bits: Annotated[int | None, arg(metavar="2..64", help="width of the accumulator, bits")] = None,
    slope: Annotated[
        int | None, arg(metavar="K", help="slope of the cyclic activation, at least 1; leave out for none")
    ] = None,
) -> int:
    """Write the Verilog of units, by name or by parameters, to DIR/NAME.v."""
    designs = chosen_designs(names, required=False)
    widths = {"activation_bits": activation_bits, "weight_bits": weight_bits, "accumulator_bits": accumulator_bits}
    given: dict[str, Any] = {name: bits for name, bits in widths.items() if bits is not None}
    if given or slope is not None:
        missing = [f"--{name.replace('_', '-')}" for name in widths if name not in given]
        if missing:
            raise ValueError(f"a unit by parameters needs all three widths; missing: {', '.join(missing)}")
        designs.append(MacDesign(**given, slope=slope))
    if not designs:
        raise ValueError("name a design, or give --activation-bits, --weight-bits and --accumulator-bits")
    for design in designs:
        path = out / f"{design.name}.v"
        write_text(path, mac_verilog(design))
        print(path)
    return 0


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
    written = writable_format(simulator, wave_format) if waves else wave_format
    jobs = [
        Job(
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
        ensure_writable(job.waves)
    ensure_writable(json_file)
    with Progress() as progress, ThreadPoolExecutor(os.cpu_count()) as pool:
        task = progress.task(f"checking with {simulator}", len(jobs))

        def run(job: Job) -> dict[str, Any]:
            write_text(job.sources[0], mac_verilog(job.design))
            verdict = simulate(job, job.sources[0].parent)
            task.advance(note=job.design.name)
            return {"name": job.design.name, "simulator": simulator, "seed": seed, **verdict}

        verdicts = list(pool.map(run, jobs))
    write_record(json_file, verdicts)
    show([check_summary(verdicts)])
    return 0 if all(verdict["passed"] for verdict in verdicts) else 1


def writable_format(simulator: SimulatorName, wanted: WaveFormat) -> WaveFormat:
    """The wanted format, or, with a note, VCD where the libraries for FST are missing."""
    if can_write(simulator, wanted):
        return wanted
    packages = " ".join(FST_PACKAGES)
    print(f"wrapmac: note: waveforms are VCD; for FST, Verilator needs: apt-get install {packages}", file=sys.stderr)
    return "vcd"


def synth(
    names: Designs,
    /,
    library: Annotated[
        tuple[str, ...],
        arg(
            metavar="builtin|FILE.lib|DIR|NAME",
            help="standard cells: the built-in 45 nm table, a Liberty file, a library in several files, as a folder "
            "or with commas, or an installed technology such as osu018; several libraries are compared",
        ),
    ] = (BUILTIN,),
    dont_use: Annotated[
        tuple[str, ...], arg(metavar="CELL", help="cells of the library to leave alone; * matches any text")
    ] = (),
    proof_limit: ProofLimit = PROOF_LIMIT,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the results there")] = None,
    out: Annotated[
        Path | None,
        arg(metavar="DIR", help="keep the netlists there, as DIR/NAME/netlist.v (below DIR/LIBRARY with several)"),
    ] = None,
) -> int:
    """Map units to standard cells; print the area by part and whether the netlist is proved equal to the Verilog.

    With several libraries: area ratios in each, beside the published ones, and, with OpenSTA, cycle times.
    """
    designs = chosen_designs(names)
    libraries = [load_library(name, dont_use) for name in dict.fromkeys(library)]
    if not libraries:
        raise ValueError("name at least one library")
    ensure_writable(json_file)
    if len(libraries) > 1:
        patterns = ["--dont-use", *dont_use] if dont_use else []
        command = shlex.join(
            ["wrapmac", "synth", *names, "--library", *(Path(name).name for name in library), *patterns]
        )
        with Progress() as progress, TemporaryDirectory() if out is None else nullcontext(out) as folder:
            report = compare_libraries(designs, libraries, Path(folder), progress, command, proof_limit)
        write_record(json_file, report)
        if json_file is not None:
            write_text(json_file.with_suffix(".md"), library_markdown(report))
        show(library_tables(report))
        proved = [design["equivalent"] for one in report["libraries"] for design in one["designs"]]
        return 0 if all(proved) else 1
    (cells,) = libraries
    with Progress() as progress, ThreadPoolExecutor(os.cpu_count()) as pool, TemporaryDirectory() as scratch:
        task = progress.task("mapping and proving", len(designs))

        def run(design: MacDesign) -> dict[str, Any]:
            netlist = synthesize(design, cells, (out or Path(scratch)) / design.name, proof_limit)
            task.advance(note=design.name)
            return {"name": design.name, **asdict(netlist)}

        results = list(pool.map(run, designs))
    write_record(json_file, results)
    show([synthesis_summary(results)])
    return 0 if all(result["equivalent"] for result in results) else 1


def prove(
    names: Designs = (),
    /,
    grid: Annotated[bool, arg(help=f"also a grid of {len(GRID)} small units with other parameters")] = False,
    limit: Annotated[
        float, arg(metavar="SECONDS", help="time each proof may take; wide multipliers need hours")
    ] = LIMIT,
    out: Annotated[
        Path | None, arg(metavar="DIR", help="write counterexamples there, as waveforms DIR/NAME/PART.vcd")
    ] = None,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the verdicts there")] = None,
) -> int:
    """Prove units and their parts equal to their specification for every input sequence. Exit code 1 if one is not."""
    designs = list(dict.fromkeys([*chosen_designs(names, required=not grid), *(GRID if grid else ())]))
    ensure_writable(json_file)
    with Progress() as progress:
        proofs = prove_designs(designs, limit, out, progress)
    write_record(json_file, [asdict(proof) for proof in proofs])
    show([proof_summary(proofs), *(trace_table(proof) for proof in proofs if proof.trace is not None)])
    return 0 if all(proof.status == "proved" for proof in proofs) else 1


def mutants(
    names: Designs,
    /,
    count: Annotated[int, arg(metavar="N", help="mutants of each unit; all where there are no more")] = 500,
    seed: Seed = 0,
    library: LibraryName = BUILTIN,
    proof_limit: ProofLimit = PROOF_LIMIT,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write every mutant's fate there")] = None,
) -> int:
    """Break gates of mapped units, one at a time: does the bench notice? Exit code 1 if a mutant survives.

    Needs a C compiler.
    """
    designs = chosen_designs(names)
    check_seed(seed)
    if count < 1:
        raise ValueError(f"count is {count}; allowed is an integer of at least 1")
    cells = load_library(library)
    ensure_compiler()
    ensure_writable(json_file)
    results = []
    with Progress() as progress, TemporaryDirectory() as scratch:
        task = progress.task("breaking gates", len(designs))
        for design in designs:
            results.append(measure_mutants(design, cells, Path(scratch) / design.name, count, seed, proof_limit))
            task.advance(note=design.name)
    write_record(json_file, results)
    show([mutation_summary(results)])
    for result in results:
        for mutant in result["mutants"]:
            if mutant["verdict"] == SURVIVED:
                print(f"{result['name']} survivor: {mutant['net']}: {mutant['change']}")
    return 0 if all(map(passed, results)) else 1
