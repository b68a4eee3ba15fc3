"""`wrapmac mutants`: broken gates that the bench has to notice."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from tyro.conf import arg

from reports.cells.liberty import BUILTIN, library_files, load_library
from reports.commands.options import (
    Designs,
    LibraryName,
    ProofLimit,
    Seed,
    chosen_designs,
    ensure_outputs,
    ensure_positive,
)
from reports.mac.synthesis import PROOF_LIMIT


def mutants(
    names: Designs,
    /,
    count: Annotated[int, arg(metavar="N", help="mutants of each unit; all where there are no more")] = 500,
    seed: Seed = 0,
    library: LibraryName = BUILTIN,
    proof_limit: ProofLimit = PROOF_LIMIT,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write every mutant's fate there")] = None,
) -> int:
    """Break gates of mapped units, one at a time: does the bench notice? Exit code 1 if a mutant survives.

    Needs a C compiler.
    """
    from hw.mac.generated import GeneratedUnit
    from models.progress import Progress
    from models.training.seeds import check_seed
    from reports.commands.output import show, show_note, write_json
    from reports.mac.mutants import SURVIVED, measure_mutants, passed
    from reports.mac.summaries import mutation_summary
    from sim.compiler import ensure_compiler

    designs = chosen_designs(names)
    check_seed(seed)
    ensure_positive("count", count)
    cells = load_library(library)
    ensure_compiler()
    ensure_outputs(json_file, inputs=library_files(library))
    show_note(cells.note)
    results = []
    with Progress() as progress, TemporaryDirectory() as scratch:
        task = progress.task("breaking gates", len(designs))
        for design in designs:
            unit = GeneratedUnit.generate(design)
            results.append(measure_mutants(unit, cells, Path(scratch) / design.name, count, seed, proof_limit))
            task.advance(note=design.name)
    write_json(json_file, results)
    show([mutation_summary(results)])
    for result in results:
        for mutant in result["mutants"]:
            if mutant["verdict"] == SURVIVED:
                print(f"{result['name']} survivor: {mutant['net']}: {mutant['change']}")
    return 0 if all(map(passed, results)) else 1
