"""Commands that measure: benchmarks, tables and figures of the dissertation."""

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from jinja2 import TemplateError
from tyro.conf import OmitArgPrefixes, OmitSubcommandPrefixes, Positional, arg, subcommand

from models.data.cifar import cifar10
from models.files import write_text
from models.progress import Progress
from reports.commands.options import (
    Out,
    Seed,
    ensure_writable,
)
from reports.commands.output import show, write_record
from reports.kernels.bench import bench_kernels
from reports.kernels.tables import kernel_tables
from reports.records.provenance import now
from reports.tables.table import Table
from reports.wrapnet.bench import bench_training, training_bench_table
from reports.wrapnet.experiments import SCALES
from reports.wrapnet.figures import CYCLIC_FIGURES, write_cyclic_figure
from reports.wrapnet.training_tables import TRAINING_TABLES

JsonFile = Annotated[Path | None, arg(name="json", metavar="FILE", help="write the results there")]


@dataclass(frozen=True)
class TrainingBench:
    """A training step of WrapNet, of networks without its emulation, of peers."""

    network: Annotated[str, arg(help="the network to train")] = "vgg7"
    width: Annotated[int | None, arg(metavar="N", help="channels of its first layer; its own if left out")] = None
    batch: Annotated[int, arg(metavar="N", help="images in a step")] = 100
    steps: Annotated[int, arg(metavar="N", help="steps measured of each kind")] = 20
    brevitas: Annotated[bool, arg(help="also the same network made of Brevitas' layers")] = False
    compile: Annotated[bool, arg(help="also through torch.compile")] = False
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: Progress) -> tuple[dict[str, Any], list[Table]]:
        """Measures; the results and their tables."""
        result = bench_training(
            self.network,
            self.width,
            self.batch,
            self.steps,
            self.seed,
            with_brevitas=self.brevitas,
            compile=self.compile,
            progress=progress,
        )
        return result, [training_bench_table(result)]


@dataclass(frozen=True)
class KernelBench:
    """Convolutions with narrow accumulators on every path, torch's and onnxruntime's of bytes: Tables 2.7 and 2.8."""

    rounds: Annotated[int, arg(metavar="N", help="rounds; the median of each contender counts")] = 30
    slow: Annotated[bool, arg(help="also what takes no vector instructions; some 10 s")] = True
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: Progress) -> tuple[dict[str, Any], list[Table]]:
        """Measures; the results and their tables."""
        result = bench_kernels(self.rounds, self.seed, self.slow, progress)
        return result, kernel_tables(result)


def bench(
    subject: OmitArgPrefixes[
        OmitSubcommandPrefixes[
            Annotated[TrainingBench, subcommand("training")] | Annotated[KernelBench, subcommand("gemm")]
        ]
    ],
) -> int:
    """Measure side by side, in one run, all in turn."""
    ensure_writable(subject.json_file)
    with Progress() as progress:
        result, tables = subject.run(progress)
    made = {"command": shlex.join(["wrapmac", *sys.argv[1:]]), "created": now()}
    write_record(subject.json_file, result | {"seed": subject.seed} | made)
    show(tables, notes=True)
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
    from reports.wrapnet.tables import check_numbers, measure_tables, training_table

    if seeds < 1:
        raise ValueError(f"seeds is {seeds}; allowed is an integer of at least 1")
    chosen = list(TRAINING_TABLES) if "all" in numbers else list(dict.fromkeys(numbers))
    check_numbers(chosen)
    command = f"wrapmac table {' '.join(numbers)} --scale {scale} --seeds {seeds}"
    images = cifar10(data)
    ensure_writable(out / "tables.json")
    with Progress() as progress:
        results = measure_tables(chosen, images, SCALES[scale], range(seeds), out, progress, command)
    tables = [training_table(number, results) for number in chosen]
    write_record(out / "tables.json", results)
    write_text(out / "tables.md", "\n".join(one.markdown() for one in tables))
    show(tables)
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


def redraw(
    record: Annotated[Positional[Path], arg(metavar="FILE.json", help="report.json of a flow, or layout.json")],
    /,
    out: Annotated[
        Path | None, arg(metavar="DIR", help="folder of the page; that of the file if left out, with its pictures")
    ] = None,
    sweep: Annotated[
        Path | None, arg(metavar="DIR", help="what `wrapmac sweep` left; the page of a layout shows its plots")
    ] = None,
) -> int:
    """Write the page, Markdown and figures of a finished flow or layout again, from its record."""
    from reports.layout.page import write_layout_page
    from reports.mac.page import write_page

    report = _read_record(record)
    folder = record.parent if out is None else out
    try:
        if "trained_layer" in report:
            write_page(report, folder)
        else:
            write_layout_page(report, folder, sweep)
    except KeyError as error:
        raise ValueError(f"{record} is not a record of a flow or layout by this version: it lacks {error}") from error
    except (LookupError, TypeError, AttributeError, ArithmeticError, StopIteration, TemplateError) as error:
        raise ValueError(f"{record} is not a record of a flow or layout by this version: {error}") from error
    print(folder / "index.html")
    return 0


def _read_record(path: Path) -> dict[str, Any]:
    """A report in a JSON file; ValueError if there is none."""
    try:
        report: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(report, dict):
        raise ValueError(f"{path} is not a record of a flow or layout")
    return report
