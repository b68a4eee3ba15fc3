"""`wrapmac prove`: formal proofs of units."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from reports.commands.options import Designs, chosen_designs, ensure_outputs
from sim.formal.designs import SMALL_UNITS
from sim.formal.proofs import LIMIT, prove_designs


def prove(
    names: Designs = (),
    /,
    grid: Annotated[bool, arg(help=f"also {len(SMALL_UNITS)} small units over a grid of other parameters")] = False,
    limit: Annotated[
        float, arg(metavar="SECONDS", help="time limit of each proof; wide multipliers need hours")
    ] = LIMIT,
    out: Annotated[
        Path | None, arg(metavar="DIR", help="write counterexamples there, as waveforms DIR/NAME/PART.vcd")
    ] = None,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the verdicts there")] = None,
) -> int:
    """Prove units and their parts equal to their specification for every input sequence. Exit code 1 if one is not."""
    from models.progress import Progress
    from reports.commands.output import show, write_json
    from reports.mac.summaries import proof_summary, trace_table

    designs = list(dict.fromkeys([*chosen_designs(names, required=not grid), *(SMALL_UNITS if grid else ())]))
    ensure_outputs(json_file, folders=[out])
    with Progress() as progress:
        proofs = prove_designs(designs, limit, out, progress)
    write_json(json_file, [asdict(proof) for proof in proofs])
    show([proof_summary(proofs), *(trace_table(proof) for proof in proofs if proof.trace is not None)])
    return 0 if all(proof.status == "proved" for proof in proofs) else 1
