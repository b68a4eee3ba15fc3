"""`wrapmac sweep`: fronts of area against cycle time."""

import os
import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from reports.commands.options import Designs, chosen_designs, ensure_outputs, ensure_positive
from reports.sweep.pareto import MARGIN


def sweep(
    names: Designs,
    /,
    out: Annotated[Path, arg(metavar="DIR", help="tables, plots, netlists and sweep.json")] = Path("build/sweep"),
    cache: Annotated[
        Path, arg(metavar="DIR", help="finished measurements; sweeps share it, also while they run")
    ] = Path("build/cache"),
    seed: Annotated[int, arg(metavar="N", help="seed of the placement")] = 1,
    margin: Annotated[
        float, arg(metavar="SHARE", help="how far from the front a point may be before layout to be laid out")
    ] = MARGIN,
    quick: Annotated[bool, arg(help="a few mappings of the units as they are, to try things out")] = False,
    workers: Annotated[
        int | None, arg(metavar="N", help="points at a time on this machine; the number of its cores if left out")
    ] = None,
    scheduler: Annotated[
        str | None, arg(metavar="tcp://HOST:8786", help="run on the workers of this Dask scheduler instead")
    ] = None,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the report there as well")] = None,
) -> int:
    """Sweep over the ways to build and map units; find the Pareto front of area against cycle time after layout.

    Every point is mapped and timed; those near the front are placed, routed and timed with their wires; netlists on
    the front are proved equal to the Verilog. Measurements are kept: a sweep that was stopped resumes where it stopped.
    Points that fail are listed. Exit code 1 if a design is left without points, or a netlist is not proved. Needs the
    Debian packages that `make layout` installs.
    """
    designs = chosen_designs(names)
    if workers is not None:
        ensure_positive("workers", workers)

    from models.progress import Progress
    from models.training.seeds import check_seed
    from reports.cells.technology import osu018
    from reports.commands.output import show, show_note, write_json
    from reports.sweep.cluster import open_executor
    from reports.sweep.report import errors, is_sound, sweep_report
    from reports.sweep.sweep import Sweep
    from reports.sweep.tables import best_table, front_table

    check_seed(seed)
    technology = osu018()
    ensure_outputs(json_file, out / "sweep.json", out / "sweep.md", folders=[out, cache])
    show_note(technology.library.note)
    with Progress() as progress, open_executor(scheduler, workers or os.cpu_count() or 1) as executor:
        report = sweep_report(Sweep(executor, cache, progress, seed, margin, quick), designs, out)
    write_json(json_file, report)
    show([*([front_table(report)] if len(designs) == 1 else []), best_table(report)])
    print(f"The fronts: {out / 'sweep.md'}")
    for line in errors(report):
        print(f"wrapmac: failed: {line}", file=sys.stderr)
    return 0 if is_sound(report) else 1
