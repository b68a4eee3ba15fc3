"""Mutation analysis of a mapped unit: mutants that the bench kills, and proofs about those that it does not."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from reports.cells.library import Library
from reports.mac.synthesis import FLAT_NETLIST, MODELS, NETLIST, UNIT, prove_equivalent, synthesize
from sim.gates.bit_sliced import BitSliced
from sim.gates.kills import find_kills
from sim.gates.lanes import WORDS
from sim.gates.logic import Gates
from sim.gates.mutant_equivalence import proved_equivalent
from sim.gates.mutants import Mutant, draw_mutants
from sim.gates.netlist import read_gates
from sim.gates.transitions import feasible, try_transitions
from sim.gates.verilog import gates_verilog

KILLED, EQUIVALENT, SURVIVED = "killed", "equivalent", "survived"
_RATE_CYCLES = 8192


def measure_mutants(
    unit: GeneratedUnit, library: Library, folder: Path, count: int, seed: int, proof_limit: float
) -> dict[str, Any]:
    """Maps a unit and runs the bench's stimuli on mutants of the netlist; leaves the files of `synthesize` in `folder`.

    count: mutants to draw with `seed`; all if there are fewer. proof_limit: seconds for each of Yosys's proofs. Returns
    a record of plain JSON values:

    - `name`, `seed`, `library`.
    - `equivalent`: whether the netlist is proved equal to the Verilog.
    - `agrees`: whether it agrees with the golden model on the bench's stimuli.
    - `transitions`: numbers of combinations of operands and sum `tried` and `wrong`, and `seconds`; None if there are
      too many to try all.
    - `cycles_per_second`: simulation rate of the gates alone.
    - `mutants`: for each, `kind`, `change`, `net`, `verdict` (killed, equivalent or survived) and `by`, the family of
      stimuli that killed it or the proof of equivalence (exhaustive or yosys).

    Raises ValueError if the library's cells cannot build the unit, and CompilerError without a C compiler.
    """
    design, cells = unit.design, library.cells
    netlist = synthesize(unit, library, folder, proof_limit)
    gates = read_gates(folder / FLAT_NETLIST, design.module, cells)
    plain = BitSliced(gates)
    transitions = vars(try_transitions(plain, design)) if feasible(design) else None
    mutants = draw_mutants(gates, cells, count, seed)
    program = BitSliced(gates, mutants)
    families, agrees = find_kills(program, design, seed)
    rows = []
    for number, (mutant, family) in enumerate(zip(mutants, families, strict=True)):
        verdict, by = KILLED, family
        if family is None:
            by = _proof(program, number, design, folder, proof_limit)
            verdict = SURVIVED if by is None else EQUIVALENT
        net = gates.label(gates.assignments[mutant.site].target)
        rows.append({"kind": mutant.kind, "change": mutant.change, "net": net, "verdict": verdict, "by": by})
    return {
        "name": design.name,
        "seed": seed,
        "library": library.name,
        "equivalent": netlist.equivalent,
        "agrees": agrees,
        "transitions": transitions,
        "cycles_per_second": round(_measure_rate(plain)),
        "mutants": rows,
    }


def passed(result: dict[str, Any]) -> bool:
    """Whether a record's netlist passed every check and no mutant survived."""
    right = result["equivalent"] and result["agrees"] and not (result["transitions"] or {}).get("wrong")
    return right and not any(mutant["verdict"] == SURVIVED for mutant in result["mutants"])


def _proof(program: BitSliced, number: int, design: MacDesign, folder: Path, limit: float) -> str | None:
    """Returns the method that proves a mutant equivalent to the unit, or None."""
    if proved_equivalent(program, number):
        return "exhaustive"
    return "yosys" if _proved_by_yosys(program.gates, program.mutants[number], design, folder, limit) else None


def _proved_by_yosys(gates: Gates, mutant: Mutant, design: MacDesign, folder: Path, limit: float) -> bool:
    with TemporaryDirectory(dir=folder, prefix=".") as name:
        scratch = Path(name)
        for file in (UNIT, MODELS):
            (scratch / file).write_text((folder / file).read_text(encoding="utf-8"), encoding="utf-8")
        (scratch / NETLIST).write_text(gates_verilog(gates, mutant), encoding="utf-8")
        return prove_equivalent(design, scratch, limit)


def _measure_rate(program: BitSliced) -> float:
    """Returns the cycles per second of all lanes together on random inputs, the best of five runs."""
    pins = torch.randint(-1 << 63, (1 << 63) - 1, (1, _RATE_CYCLES, sum(program.gates.inputs.values()), WORDS))
    rates = []
    for _ in range(5):
        before = program.cycles, program.seconds
        program.run(pins, program.initial_state(1))
        rates.append((program.cycles - before[0]) / (program.seconds - before[1]))
    return max(rates)
