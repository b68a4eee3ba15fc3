"""`wrapmac synth`: units as gates."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from tyro.conf import arg

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit, generate_all
from models.files import write_text
from models.progress import Progress
from reports.cells.liberty import BUILTIN, library_files, load_library
from reports.cells.library import Library
from reports.commands.options import Designs, JsonFile, ProofLimit, chosen_designs, ensure_outputs
from reports.commands.output import show, show_note, write_json
from reports.mac.synthesis import FILES, PROOF_LIMIT, synthesize


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
    json_file: JsonFile = None,
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
    compared = json_file.with_suffix(".md") if json_file is not None and len(libraries) > 1 else None
    netlists = [out / design.name / file for design in designs for file in FILES] if out is not None else []
    inputs = [path for name in library for path in library_files(name)]
    ensure_outputs(json_file, compared, *netlists, folders=[out], inputs=inputs)
    _show_notes(libraries, dont_use)
    if len(libraries) == 1:
        return _synthesize_all(designs, libraries[0], proof_limit, json_file, out)
    return _compare(designs, libraries, proof_limit, json_file, out)


def _show_notes(libraries: Sequence[Library], dont_use: Sequence[str]) -> None:
    for one in libraries:
        show_note(one.note)
    unmatched = set(dont_use).intersection(*(one.unmatched(dont_use) for one in libraries))
    if unmatched:
        names = ", ".join(one.name for one in libraries)
        show_note(f"--dont-use {' '.join(sorted(unmatched))} matches no cell of {names}")


def _synthesize_all(
    designs: Sequence[MacDesign], cells: Library, proof_limit: float, json_file: Path | None, out: Path | None
) -> int:
    from reports.mac.summaries import synthesis_summary

    with Progress() as progress, ThreadPoolExecutor(os.cpu_count()) as pool, TemporaryDirectory() as scratch:
        task = progress.task("mapping and proving", len(designs))

        def run(design: MacDesign) -> dict[str, Any]:
            netlist = synthesize(
                GeneratedUnit.generate(design), cells, (out or Path(scratch)) / design.name, proof_limit
            )
            task.advance(note=design.name)
            return {"name": design.name, **asdict(netlist)}

        results = list(pool.map(run, designs))
    write_json(json_file, results)
    show([synthesis_summary(results)])
    return 0 if all(result["equivalent"] for result in results) else 1


def _compare(
    designs: Sequence[MacDesign],
    libraries: Sequence[Library],
    proof_limit: float,
    json_file: Path | None,
    out: Path | None,
) -> int:
    from reports.mac.libraries import compare_libraries
    from reports.mac.library_tables import library_markdown, library_tables

    with Progress() as progress, TemporaryDirectory() if out is None else nullcontext(out) as folder:
        report = compare_libraries(generate_all(designs), libraries, Path(folder), progress, proof_limit)
    write_json(json_file, report)
    if json_file is not None:
        write_text(json_file.with_suffix(".md"), library_markdown(report))
    show(library_tables(report))
    proved = [design["equivalent"] for one in report["libraries"] for design in one["designs"]]
    return 0 if all(proved) else 1
