"""Commands that lay units out."""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from models.integer_network.layer import LayerExport
from models.progress import Progress
from models.training.seeds import check_seed
from reports.cells.technology import load_technology
from reports.commands.options import Designs, chosen_designs, ensure_writable
from reports.commands.output import show, show_page, write_record
from reports.layout.page import sweep_plots
from reports.layout.report import failures, layout_report
from reports.layout.tables import layout_tables
from reports.sweep import report as sweep_report
from reports.sweep.cluster import open_executor
from reports.sweep.sweep import MARGIN, Sweep


def layout(
    names: Designs,
    /,
    out: Annotated[Path, arg(metavar="DIR", help="layouts, pictures and layout.json")] = Path("build/layout"),
    seed: Annotated[int, arg(metavar="N", help="seed of the placement, and of the operands drawn")] = 1,
    technology: Annotated[
        str,
        arg(metavar="NAME|DIR", help="a technology of qflow: osu018 (180 nm), osu035 (350 nm), or a folder with one"),
    ] = "osu018",
    layer: Annotated[
        Path | None,
        arg(
            metavar="FILE.npz",
            help="exported layer whose operands the energy is measured with; one that ships with wrapmac if left out",
        ),
    ] = None,
    sweep_folder: Annotated[
        Path | None, arg(name="sweep", metavar="DIR", help="what `wrapmac sweep` left; the page shows its plots")
    ] = None,
) -> int:
    """Place and route units in an open standard-cell library; print area, cycle time and energy beside the published.

    Each is mapped in several ways; the layout of the least area x cycle time is kept. It is checked (design rules,
    layout against circuit) and proved equal to the generated Verilog. Needs the Debian packages that `make layout`
    installs.
    """
    designs = chosen_designs(names)
    check_seed(seed)
    operands = LayerExport.load(layer) if layer is not None else None
    cells = load_technology(technology)
    sweep_plots(sweep_folder)
    ensure_writable(out / "layout.json")
    command = shlex.join(
        ["wrapmac", "layout", *names, "--seed", str(seed), "--technology", cells.name]
        + (["--layer", layer.name] if layer else [])
    )
    with Progress() as progress:
        report = layout_report(designs, cells, out, seed, progress, command, operands, sweep_folder)
    show(layout_tables(report))
    show_page(out / "index.html")
    failed = failures(report)
    for line in failed:
        print(f"wrapmac: failed: {line}", file=sys.stderr)
    return 1 if failed else 0


def sweep(
    names: Designs,
    /,
    out: Annotated[Path, arg(metavar="DIR", help="tables, plots, netlists and sweep.json")] = Path("build/sweep"),
    cache: Annotated[
        Path, arg(metavar="DIR", help="what is measured already; shared by all sweeps, also at the same time")
    ] = Path("build/cache"),
    seed: Annotated[int, arg(metavar="N", help="seed of the placement")] = 1,
    margin: Annotated[
        float, arg(metavar="SHARE", help="how far from the front a point may be before layout to be laid out")
    ] = MARGIN,
    quick: Annotated[bool, arg(help="a few mappings of the units as they are, to try things out")] = False,
    workers: Annotated[
        int | None, arg(metavar="N", help="points at a time on this machine; as many as it has cores if left out")
    ] = None,
    scheduler: Annotated[
        str | None, arg(metavar="tcp://HOST:8786", help="run on the workers of this Dask scheduler instead")
    ] = None,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the report there as well")] = None,
) -> int:
    """Sweep over the ways to build and map units; find the Pareto front of area against cycle time after layout.

    Every point is mapped and timed; those near the front are placed, routed and timed with their wires; netlists on
    the front are proved equal to the Verilog. What is measured once is kept: a sweep that was stopped goes on where it
    stopped. Points that fail are listed. Exit code 1 if nothing of a design is left, or a netlist is not proved. Needs
    the Debian packages that `make layout` installs.
    """
    designs = chosen_designs(names)
    check_seed(seed)
    for path in (out / "sweep.json", cache / "cache", json_file):
        ensure_writable(path)
    command = shlex.join(
        ["wrapmac", "sweep", *names, "--seed", str(seed), "--margin", str(margin), *(["--quick"] if quick else [])]
    )
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}; allowed is an integer of at least 1")
    with Progress() as progress, open_executor(scheduler, workers or os.cpu_count() or 1) as executor:
        report = sweep_report.sweep_report(Sweep(executor, cache, progress, seed, margin, quick), designs, out, command)
    write_record(json_file, report)
    show([*([sweep_report.front_table(report)] if len(designs) == 1 else []), sweep_report.best_table(report)])
    print(f"The fronts: {out / 'sweep.md'}")
    for line in sweep_report.errors(report):
        print(f"wrapmac: failed: {line}", file=sys.stderr)
    return 0 if sweep_report.is_sound(report) else 1
