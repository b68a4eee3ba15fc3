"""`wrapmac flow`: the main job."""

import sys
from pathlib import Path

from reports.cells.liberty import BUILTIN, library_files, load_library
from reports.commands.options import LibraryName, Out, Seed, ensure_outputs


def flow(
    out: Out = Path("build/report"),
    library: LibraryName = BUILTIN,
    seed: Seed = 0,
) -> int:
    """Train a small WrapNet, export a layer, generate and check the published units, map them to gates, report."""
    from models.progress import Progress
    from models.wrapnet.settings import WrapNetConfig
    from reports.commands.output import show, show_note, show_page, write_json
    from reports.mac.flow import CheckFailed, run_flow
    from reports.mac.page import write_page
    from reports.mac.tables import overview_table
    from reports.wrapnet.accuracy import accuracy_table

    cells = load_library(library)
    config = WrapNetConfig(activation_bits=3, seed=seed)
    ensure_outputs(out / "report.json", folders=[out], inputs=library_files(library))
    show_note(cells.note)
    try:
        with Progress() as progress:
            report = run_flow(out, cells, config, progress)
    except CheckFailed as error:
        print(f"wrapmac: {error}", file=sys.stderr)
        return 1
    write_json(out / "report.json", report)
    write_page(report, out)
    show([overview_table(report), accuracy_table(report["trained_layer"])])
    show_page(out / "index.html")
    return 0 if all(design["equivalent"] for design in report["designs"]) else 1
