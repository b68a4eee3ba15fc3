"""wrapmac: multiply-accumulate units with wrap-around accumulators, from training to checked hardware."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console
from tyro.conf import OmitArgPrefixes, Positional, arg

from hw.designs import PUBLISHED, MacDesign
from hw.verilog import mac_verilog
from hw.yosys import YosysError
from models.data.cifar10 import cifar10
from models.data.digits import digits
from models.data.image_folders import ImageFolders
from models.data.splits import ImageSource
from models.training.execution import Execution, process_state
from models.training.files import write_text
from models.training.progress import Progress
from models.training.seeds import check_seed
from models.wrapnet.evaluation import evaluate as evaluate_network
from models.wrapnet.network_export import export_network
from models.wrapnet.networks import IMAGE_SHAPES
from models.wrapnet.onnx_export import export_onnx
from models.wrapnet.run import load_run, run_wrapnet
from models.wrapnet.settings import WrapNetConfig, WrapNetSettings
from reports.cyclic_figures import CYCLIC_FIGURES, write_cyclic_figure
from reports.liberty import BUILTIN, load_library
from reports.mutation import SURVIVED, measure_mutants, passed
from reports.silicon.place_route import LayoutError
from reports.silicon.report import is_sound, layout_report
from reports.silicon.tables import layout_part_table, layout_table
from reports.silicon.timing import TimingError
from reports.synthesis import PROOF_LIMIT, synthesize
from reports.tables import (
    accuracy_table,
    check_summary,
    mutation_summary,
    overview_table,
    proof_summary,
    synthesis_summary,
    trace_table,
)
from reports.tools import now
from reports.training_bench import bench_training, training_bench_table
from reports.training_experiments import SCALES
from reports.training_tables import TRAINING_TABLES
from sim.compiler import ensure_compiler
from sim.formal.grid import GRID
from sim.formal.proofs import LIMIT, prove_designs
from sim.simulators import Job, SimulatorError, SimulatorName, ensure_runnable, simulate

Designs = Annotated[
    Positional[tuple[str, ...]],
    arg(
        name="design",
        metavar="DESIGN",
        help="ACTIVATIONxWEIGHTxACCUMULATOR bits, with kSLOPE for a cyclic activation: 8x8x32, 3x1x8k2; `all` for the "
        f"published ones ({', '.join(PUBLISHED)})",
    ),
]
Out = Annotated[Path, arg(metavar="DIR", help="folder to write to; made if missing")]
Seed = Annotated[int, arg(metavar="N", help="seed of everything random")]
LibraryName = Annotated[
    str, arg(metavar="builtin|FILE.lib", help="standard cells: the built-in 45 nm table or a Liberty file")
]


def flow(
    out: Out = Path("build/report"),
    library: LibraryName = BUILTIN,
    seed: Seed = 0,
) -> int:
    """Train a small WrapNet, export a layer, generate and check the published units, map them to gates, report."""
    from reports.flow import CheckFailed, run_flow
    from reports.page import write_page

    try:
        with Progress() as progress:
            command = f"wrapmac flow --library {Path(library).name} --seed {seed}"
            report = run_flow(
                out, load_library(library), WrapNetConfig(activation_bits=3, seed=seed), progress, command
            )
    except CheckFailed as error:
        print(f"wrapmac: {error}", file=sys.stderr)
        return 1
    write_text(out / "report.json", json.dumps(report, indent=2))
    write_page(report, out)
    console = Console()
    for table in (overview_table(report), accuracy_table(report["trained_layer"])):
        console.print(table.terminal())
    console.print(f"The report: {out / 'index.html'}", highlight=False, soft_wrap=True)
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
    designs = _designs(names, required=False)
    widths = {"activation_bits": activation_bits, "weight_bits": weight_bits, "accumulator_bits": accumulator_bits}
    given = {name: bits for name, bits in widths.items() if bits is not None}
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
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the verdicts there")] = None,
) -> int:
    """Check units bit for bit against the PyTorch model, with coverage. Exit code 1 if one fails."""
    jobs = [
        Job(
            design=design,
            sources=(out / design.name / "unit.v",),
            simulator=simulator,
            seed=seed,
            layer=layer,
        )
        for design in _designs(names)
    ]
    for job in jobs:
        ensure_runnable(job)
    _ensure_writable(json_file)
    with Progress() as progress, ThreadPoolExecutor(os.cpu_count()) as pool:
        task = progress.task(f"checking with {simulator}", len(jobs))

        def run(job: Job) -> dict[str, Any]:
            write_text(job.sources[0], mac_verilog(job.design))
            verdict = simulate(job, job.sources[0].parent)
            task.advance(note=job.design.name)
            return {"name": job.design.name, "simulator": simulator, "seed": seed, **verdict}

        verdicts = list(pool.map(run, jobs))
    Console().print(check_summary(verdicts).terminal())
    if json_file is not None:
        write_text(json_file, json.dumps(verdicts, indent=2))
    return 0 if all(verdict["passed"] for verdict in verdicts) else 1


def synth(
    names: Designs,
    /,
    library: LibraryName = BUILTIN,
    dont_use: Annotated[
        tuple[str, ...], arg(metavar="CELL", help="cells of the library to leave alone; * matches any text")
    ] = (),
    proof_limit: Annotated[
        float, arg(metavar="SECONDS", help="time each proof may take; wide multipliers need hours")
    ] = PROOF_LIMIT,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the results there")] = None,
    out: Annotated[Path | None, arg(metavar="DIR", help="keep the netlists there, as DIR/NAME/netlist.v")] = None,
) -> int:
    """Map units to standard cells; print the area by part and whether the netlist is proved equal to the Verilog."""
    designs = _designs(names)
    cells = load_library(library, dont_use)
    _ensure_writable(json_file)
    with Progress() as progress, ThreadPoolExecutor(os.cpu_count()) as pool, TemporaryDirectory() as scratch:
        task = progress.task("mapping and proving", len(designs))

        def run(design: MacDesign) -> dict[str, Any]:
            netlist = synthesize(design, cells, (out or Path(scratch)) / design.name, proof_limit)
            task.advance(note=design.name)
            return {"name": design.name, **asdict(netlist)}

        results = list(pool.map(run, designs))
    Console().print(synthesis_summary(results).terminal())
    if json_file is not None:
        write_text(json_file, json.dumps(results, indent=2))
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
    designs = list(dict.fromkeys([*_designs(names, required=not grid), *(GRID if grid else ())]))
    _ensure_writable(json_file)
    with Progress() as progress:
        proofs = prove_designs(designs, limit, out, progress)
    Console().print(proof_summary(proofs).terminal())
    for proof in proofs:
        if proof.trace is not None:
            Console().print(trace_table(proof).terminal())
    if json_file is not None:
        write_text(json_file, json.dumps([asdict(proof) for proof in proofs], indent=2))
    return 0 if all(proof.status == "proved" for proof in proofs) else 1


def layout(
    names: Designs,
    /,
    out: Annotated[Path, arg(metavar="DIR", help="layouts, pictures and layout.json")] = Path("build/layout"),
    seed: Annotated[int, arg(metavar="N", help="seed of the placement")] = 1,
) -> int:
    """Place and route units in an open 180 nm library; print area and cycle time beside the published ones.

    Each is mapped in several ways; the layout of the least area x cycle time is kept. It is checked (design rules,
    layout against circuit) and proved equal to the generated Verilog. Needs the Debian packages that `make layout`
    installs.
    """
    designs = _designs(names)
    check_seed(seed)
    _ensure_writable(out / "layout.json")
    with Progress() as progress:
        report = layout_report(designs, out, seed, progress, shlex.join(["wrapmac", "layout", *names]))
    for table in (layout_table, layout_part_table):
        Console().print(table(report["designs"]).terminal())
    return 0 if is_sound(report) else 1


def mutants(
    names: Designs,
    /,
    count: Annotated[int, arg(metavar="N", help="mutants of each unit; all where there are no more")] = 500,
    seed: Seed = 0,
    library: LibraryName = BUILTIN,
    proof_limit: Annotated[float, arg(metavar="SECONDS", help="time each proof by Yosys may take")] = PROOF_LIMIT,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write every mutant's fate there")] = None,
) -> int:
    """Break gates of mapped units, one at a time: does the bench notice? Exit code 1 if a mutant survives.

    Needs a C compiler.
    """
    designs = _designs(names)
    check_seed(seed)
    if count < 1:
        raise ValueError(f"count is {count}; allowed is an integer of at least 1")
    cells = load_library(library)
    ensure_compiler()
    _ensure_writable(json_file)
    results = []
    with Progress() as progress, TemporaryDirectory() as scratch:
        task = progress.task("breaking gates", len(designs))
        for design in designs:
            results.append(measure_mutants(design, cells, Path(scratch) / design.name, count, seed, proof_limit))
            task.advance(note=design.name)
    Console().print(mutation_summary(results).terminal())
    for result in results:
        for mutant in result["mutants"]:
            if mutant["verdict"] == SURVIVED:
                print(f"{result['name']} survivor: {mutant['net']}: {mutant['change']}")
    if json_file is not None:
        write_text(json_file, json.dumps(results, indent=2))
    return 0 if all(map(passed, results)) else 1


Dataset = Annotated[
    Literal["digits", "cifar10", "imagenet"],
    arg(help="digits ship with scikit-learn; imagenet is any folder with train/CLASS and val/CLASS pictures"),
]
Data = Annotated[
    Path | None,
    arg(
        metavar="DIR",
        help="the data set: CIFAR-10's python batches or image folders, or a tar of them; ImageNet-style folders",
    ),
]


def train(
    method: Annotated[Positional[Literal["wrapnet"]], arg(help="what to train")],
    /,
    settings: Annotated[WrapNetSettings, OmitArgPrefixes] = WrapNetSettings(),  # noqa: B008 - it is frozen
    execution: Annotated[Execution, OmitArgPrefixes] = Execution(),  # noqa: B008 - it is frozen
    dataset: Dataset = "digits",
    data: Data = None,
    out: Annotated[Path, arg(metavar="DIR", help="folder of the run; made if missing")] = Path("build/wrapnet"),
    resume: Annotated[bool, arg(help="go on with the run that the folder holds")] = False,
) -> int:
    """Train WrapNet by its four stages, and the networks it is compared with; print how all do on held-out images.

    Several processes or machines: start it with `accelerate launch`.
    """
    del method  # one so far
    config = WrapNetConfig(**asdict(settings))
    images = _images(dataset, data, config.seed)
    shown = process_state().is_main_process
    with Progress(quiet=not shown) as progress:
        record = run_wrapnet(config, images, out, progress, execution, resume=resume)
    if shown:
        Console().print(accuracy_table(record).terminal())
    return 0


def evaluate(
    run: Annotated[Positional[Path], arg(metavar="RUN", help="folder of a finished run of `train`")],
    /,
    dataset: Dataset = "digits",
    data: Data = None,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the figures there")] = None,
) -> int:
    """Run a trained network on held-out images: accuracy, and overflow rate and activation bits of each layer."""
    finished = load_run(run)
    _ensure_writable(json_file)
    images = _images(dataset, data, finished.config.seed)
    finished.check(images)
    accuracy = evaluate_network(finished.network, images)
    print(f"accuracy {accuracy.accuracy:.2%}")
    for layer, (rate, bits) in enumerate(zip(accuracy.overflow_rates, accuracy.activation_bits, strict=True)):
        print(f"quantized layer {layer + 1}: {rate:.2%} of sums overflow, {bits}-bit activations")
    if json_file is not None:
        write_text(json_file, json.dumps(asdict(accuracy), indent=2))
    return 0


def export(
    run: Annotated[Positional[Path], arg(metavar="RUN", help="folder of a finished run of `train`")],
    /,
    out: Annotated[Path, arg(metavar="FILE.npz", help="the integer network")] = Path("build/network.npz"),
    onnx: Annotated[Path | None, arg(metavar="FILE.onnx", help="write the same graph as ONNX, too")] = None,
) -> int:
    """Write a trained network as integers: weights, thresholds, accumulators; for kernels, hardware and ONNX."""
    finished = load_run(run)
    graph = export_network(finished.network, IMAGE_SHAPES[finished.config.network])
    if onnx is not None:
        export_onnx(graph, onnx)
        print(onnx)
    graph.save(out)
    print(out)
    return 0


def bench(
    subject: Annotated[Positional[Literal["training"]], arg(help="what to measure")],
    /,
    network: Annotated[str, arg(help="the network to train")] = "vgg7",
    width: Annotated[int | None, arg(metavar="N", help="channels of its first layer; its own if left out")] = None,
    batch: Annotated[int, arg(metavar="N", help="images in a step")] = 100,
    steps: Annotated[int, arg(metavar="N", help="steps measured of each kind")] = 20,
    brevitas: Annotated[bool, arg(help="also the same network made of Brevitas' layers")] = False,
    compile: Annotated[bool, arg(help="also through torch.compile")] = False,
    seed: Seed = 0,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the results there")] = None,
) -> int:
    """Measure side by side, in one run: a training step of WrapNet, of networks without its emulation, of peers."""
    del subject  # one so far
    _ensure_writable(json_file)
    with Progress() as progress:
        result = bench_training(
            network, width, batch, steps, seed, with_brevitas=brevitas, compile=compile, progress=progress
        )
    Console().print(training_bench_table(result).terminal())
    if json_file is not None:
        made = {"command": shlex.join(["wrapmac", *sys.argv[1:]]), "created": now()}
        write_text(json_file, json.dumps(result | {"seed": seed} | made, indent=2))
    return 0


def table(
    numbers: Annotated[
        Positional[tuple[str, ...]],
        arg(
            name="number",
            metavar="NUMBER",
            help=f"tables of trained networks, or `all`: {', '.join(TRAINING_TABLES)}",
        ),
    ],
    /,
    data: Annotated[Path, arg(metavar="DIR", help="CIFAR-10: python batches or image folders, or a tar of them")],
    scale: Annotated[
        Literal["small", "paper"],
        arg(help="small: narrow networks, few epochs, an hour for all on two cores; paper: the dissertation's"),
    ] = "small",
    seeds: Annotated[int, arg(metavar="N", help="how many seeds, from 0")] = 1,
    out: Annotated[Path, arg(metavar="DIR", help="folder of stages and results; a killed run goes on there")] = Path(
        "build/tables"
    ),
) -> int:
    """Train what tables of chapter 2 compare, and show them beside the published figures (CIFAR-10)."""
    from reports.training_results import check_numbers, measure_tables, training_table

    if seeds < 1:
        raise ValueError(f"seeds is {seeds}; allowed is an integer of at least 1")
    chosen = list(TRAINING_TABLES) if "all" in numbers else list(dict.fromkeys(numbers))
    check_numbers(chosen)
    command = f"wrapmac table {' '.join(numbers)} --scale {scale} --seeds {seeds}"
    images = cifar10(data)
    _ensure_writable(out / "tables.json")
    with Progress() as progress:
        results = measure_tables(chosen, images, SCALES[scale], range(seeds), out, progress, command)
    tables = [training_table(number, results) for number in chosen]
    write_text(out / "tables.json", json.dumps(results, indent=2))
    write_text(out / "tables.md", "\n".join(one.markdown() for one in tables))
    for one in tables:
        Console().print(one.terminal())
    print(out / "tables.md")
    return 0


def figure(
    numbers: Annotated[
        Positional[tuple[str, ...]], arg(name="number", metavar="NUMBER", help=f"figures: {', '.join(CYCLIC_FIGURES)}")
    ],
    /,
    out: Out = Path("build/figures"),
) -> int:
    """Draw figures of chapter 2 that need no training, as PNG and SVG."""
    if not numbers:
        raise ValueError(f"name at least one figure of {', '.join(CYCLIC_FIGURES)}")
    for number in numbers:
        print(write_cyclic_figure(number, out))
    return 0


def _images(dataset: str, data: Path | None, seed: int) -> ImageSource:
    """The data set that a command names."""
    if dataset == "digits":
        return digits(seed)
    if data is None:
        raise ValueError(f"--dataset {dataset} needs --data with the folder or archive that holds it")
    return cifar10(data) if dataset == "cifar10" else ImageFolders(data)


def _ensure_writable(path: Path | None) -> None:
    """Raises OSError now, rather than after the work, if `path` cannot be written."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(f"{path.parent} cannot be written")


def _designs(names: tuple[str, ...], *, required: bool = True) -> list[MacDesign]:
    if required and not names:
        raise ValueError(f"name at least one design, such as {', '.join(PUBLISHED)}, or `all`")
    chosen: list[MacDesign] = []
    for name in names:
        chosen += PUBLISHED.values() if name == "all" else [MacDesign.parse(name)]
    return list(dict.fromkeys(chosen))


def main() -> None:
    """Runs the command line: exit code 0 if all is well, 1 if a check failed, 2 for bad input or a missing tool."""
    commands: dict[str, Callable[..., int]] = {
        "flow": flow,
        "generate": generate,
        "check": check,
        "synth": synth,
        "prove": prove,
        "layout": layout,
        "mutants": mutants,
        "train": train,
        "evaluate": evaluate,
        "export": export,
        "bench": bench,
        "table": table,
        "figure": figure,
    }
    try:
        sys.exit(tyro.extras.subcommand_cli_from_dict(commands, prog="wrapmac", description=__doc__))
    except (ValueError, OSError, SimulatorError, YosysError, LayoutError, TimingError) as error:
        print(f"wrapmac: error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
