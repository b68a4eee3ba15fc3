"""Commands that lay units out."""

import shlex
from pathlib import Path
from typing import Annotated

from rich.console import Console
from tyro.conf import arg

from models.training.progress import Progress
from models.training.seeds import check_seed
from reports.commands.options import Designs, chosen_designs, ensure_writable
from reports.silicon.report import is_sound, layout_report
from reports.silicon.tables import layout_part_table, layout_table


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
    designs = chosen_designs(names)
    check_seed(seed)
    ensure_writable(out / "layout.json")
    with Progress() as progress:
        report = layout_report(designs, out, seed, progress, shlex.join(["wrapmac", "layout", *names]))
    for table in (layout_table, layout_part_table):
        Console().print(table(report["designs"]).terminal())
    return 0 if is_sound(report) else 1
