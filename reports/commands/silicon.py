"""Commands that lay units out."""

import shlex
from pathlib import Path
from typing import Annotated

from rich.console import Console
from tyro.conf import arg

from models.training.progress import Progress
from models.training.seeds import check_seed
from models.wrapnet.export import LayerExport
from reports.commands.options import Designs, chosen_designs, ensure_writable
from reports.silicon.report import is_sound, layout_report
from reports.silicon.tables import layout_tables
from reports.silicon.technology import load_technology


def layout(
    names: Designs,
    /,
    out: Annotated[Path, arg(metavar="DIR", help="layouts, pictures and layout.json")] = Path("build/layout"),
    seed: Annotated[int, arg(metavar="N", help="seed of the placement, and of the operands drawn")] = 1,
    technology: Annotated[
        str,
        arg(metavar="NAME|DIR", help="a technology of qflow: osu018 (180 nm), osu035, osu050, or a folder with one"),
    ] = "osu018",
    layer: Annotated[
        Path | None,
        arg(
            metavar="FILE.npz",
            help="exported layer whose operands the energy is measured with; one that ships with wrapmac if left out",
        ),
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
    ensure_writable(out / "layout.json")
    command = shlex.join(["wrapmac", "layout", *names, "--seed", str(seed), "--technology", cells.name])
    with Progress() as progress:
        report = layout_report(designs, cells, out, seed, progress, command, operands)
    for table in layout_tables(report):
        Console().print(table.terminal())
    return 0 if is_sound(report) else 1
