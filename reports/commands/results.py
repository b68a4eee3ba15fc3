"""Commands that measure: benchmarks, tables and figures of the dissertation."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from jinja2 import TemplateError
from tyro.conf import OmitArgPrefixes, OmitSubcommandPrefixes, Positional, arg, subcommand

from models.progress import Progress
from reports.commands.options import (
    Out,
    Seed,
    ensure_writable,
)
from reports.commands.output import show, write_record
from reports.kernels.bench import bench_kernels
from reports.kernels.tables import kernel_tables
from reports.records.provenance import now, typed_command
from reports.tables.beside import rendered
from reports.tables.registry import (
    choose_tables,
    draw_figure,
    figure_numbers,
    published_table,
    train_tables,
    trained_numbers,
    without_measurements,
)
from reports.tables.table import Table
from reports.wrapnet.bench import bench_training, training_bench_table

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
    made = {"command": typed_command(), "created": now()}
    write_record(subject.json_file, result | {"seed": subject.seed} | made)
    show(tables, notes=True)
    return 0


def table(
    numbers: Annotated[
        Positional[tuple[str, ...]],
        arg(
            name="number",
            metavar="NUMBER",
            help=f"tables of the dissertation, such as 2.1 or 3.2; `all` for those that are trained here: "
            f"{', '.join(trained_numbers())}",
        ),
    ],
    /,
    data: Annotated[
        Path | None,
        arg(
            metavar="DIR",
            help="CIFAR-10 to train on: python batches or image folders, or a tar of them",
        ),
    ] = None,
    scale: Annotated[
        Literal["small", "paper"],
        arg(help="small: narrow networks, few epochs, an hour for all on two cores; paper: the dissertation's"),
    ] = "small",
    seeds: Annotated[int, arg(metavar="N", help="how many seeds, from 0")] = 1,
    out: Annotated[Path, arg(metavar="DIR", help="folder of stages and results; a killed run goes on there")] = Path(
        "build/tables"
    ),
) -> int:
    """Show tables of the dissertation; where networks are trained for them, beside our own figures."""
    if seeds < 1:
        raise ValueError(f"seeds is {seeds}; allowed is an integer of at least 1")
    chosen = choose_tables(numbers)
    trained: dict[str, Table] = {}
    if set(chosen) & set(trained_numbers()):
        ensure_writable(out / "tables.json")
        with Progress() as progress:
            trained = train_tables(chosen, data=data, scale=scale, seeds=seeds, out=out, progress=progress)
    for number in chosen:
        if number in trained:
            show([trained[number]])
        else:
            show([rendered(published_table(number))], notes=True)
            print(without_measurements(number))
    if trained:
        print(out / "tables.md")
    return 0


def figure(
    numbers: Annotated[
        Positional[tuple[str, ...]],
        arg(name="number", metavar="NUMBER", help=f"figures: {', '.join(figure_numbers())}"),
    ],
    /,
    out: Out = Path("build/figures"),
) -> int:
    """Draw figures of the dissertation that need no training, as PNG and SVG."""
    if not numbers:
        raise ValueError(f"name at least one figure of {', '.join(figure_numbers())}")
    for number in numbers:
        print(draw_figure(number, out))
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
