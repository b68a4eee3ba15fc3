"""`wrapmac layout`: units placed and routed."""

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from reports.commands.options import Designs, chosen_designs, ensure_outputs


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
        Path | None, arg(name="sweep", metavar="DIR", help="output of `wrapmac sweep`, whose plots the page shows")
    ] = None,
) -> int:
    """Place and route units in an open standard-cell library; print area, cycle time and energy beside the published.

    Each is mapped in several ways; the layout of the least area x cycle time is kept. It is checked (design rules,
    layout against circuit) and proved equal to the generated Verilog. Needs the Debian packages that `make layout`
    installs.
    """
    designs = chosen_designs(names)

    from models.integer_network.layer import LayerExport
    from models.progress import Progress
    from models.training.seeds import check_seed
    from reports.cells.technology import load_technology
    from reports.commands.output import show, show_note, show_page
    from reports.layout.page import sweep_plots
    from reports.layout.report import failures, layout_report
    from reports.layout.tables import layout_tables

    check_seed(seed)
    operands = LayerExport.load(layer) if layer is not None else None
    cells = load_technology(technology)
    sweep_plots(sweep_folder)
    ensure_outputs(out / "layout.json", folders=[out], inputs=[layer])
    show_note(cells.library.note)
    with Progress() as progress:
        report = layout_report(designs, cells, out, seed, progress, operands, sweep_folder)
    show(layout_tables(report))
    show_page(out / "index.html")
    failed = failures(report)
    for line in failed:
        print(f"wrapmac: failed: {line}", file=sys.stderr)
    return 1 if failed else 0
