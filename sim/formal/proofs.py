"""Proves by induction, with Yosys's SAT solver, that a unit and its parts meet their specifications."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from hw.mac.design import MacDesign
from hw.yosys import YosysTimeout, check_limit, run_yosys
from models.files import write_text
from models.progress import Progress
from sim.formal.obligations import Obligation, obligations
from sim.formal.traces import Trace, read_trace

LIMIT = 900.0
"""Seconds a proof may take: 8x8x32 takes half a minute, 10x10x10 four minutes, wider multipliers soon hours."""

Status = Literal["proved", "refuted", "not inductive", "out of time"]

_SPECIFICATIONS = Path(__file__).parent

# The pipeline is flushed after three edges, which suffice for a correct unit. More leave room for counterexamples
# from power-up.
_LONGEST_INDUCTION = 6

# Registers are neither merged nor removed as constants: either would assume something about their power-up state.
_PROVE = """
read_verilog unit.v
read_verilog -formal definitions.v check.v
logger -werror "Resizing cell port"
hierarchy -check -top {part}_check {parameters}
proc
flatten
chformal -lower
opt_clean
sat -tempinduct -prove-asserts -maxsteps {longest} -show-public -dump_json trace.json -dump_vcd trace.vcd
"""


@dataclass(frozen=True)
class Proof:
    """The result of one obligation.

    designs: names of the units that share the part. part: the part, or `unit`. claim: the statement to prove.
    status: `refuted` comes with a trace from power-up, `not inductive` with one from a state in which all outputs are
    as specified. seconds: duration. induction: edges that the induction needed, if proved.
    trace: inputs and outputs by edge; an output is wrong at the last.
    """

    designs: tuple[str, ...]
    part: str
    claim: str
    status: Status
    seconds: float
    induction: int | None = None
    trace: Trace | None = None


def prove_designs(
    designs: Sequence[MacDesign], limit: float = LIMIT, out: Path | None = None, progress: Progress | None = None
) -> list[Proof]:
    """Proves `designs` and their parts on all cores; proves a part that several of them share once.

    limit: seconds that each proof may take. out: folder for counterexamples, DESIGN/PART.vcd, or None.
    Raises ValueError for a limit as `check_limit`, and YosysError if Yosys is missing or a unit's ports are not those
    of its specification.
    """
    check_limit(limit)
    shown = progress or Progress(quiet=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        generating = shown.task("generating", len(designs))

        def generate(design: MacDesign) -> list[Obligation]:
            found = obligations(design)
            generating.advance(note=design.name)
            return found

        sharing: dict[Obligation, list[str]] = {}
        for design, found in zip(designs, pool.map(generate, designs), strict=True):
            for obligation in found:
                sharing.setdefault(obligation, []).append(design.name)
        proving = shown.task("proving", len(sharing))

        def run(obligation: Obligation, names: list[str]) -> Proof:
            proof = _prove(obligation, tuple(names), limit, out)
            proving.advance(note=f"{names[0]} {obligation.part}")
            return proof

        return list(pool.map(run, sharing, sharing.values()))


def _prove(obligation: Obligation, designs: tuple[str, ...], limit: float, out: Path | None) -> Proof:
    check = (_SPECIFICATIONS / f"{obligation.part}.v").read_text(encoding="utf-8")
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "unit.v").write_text(obligation.source, encoding="utf-8")
        (folder / "definitions.v").write_text(
            (_SPECIFICATIONS / "definitions.v").read_text(encoding="utf-8"), encoding="utf-8"
        )
        (folder / "check.v").write_text(check, encoding="utf-8")
        script = _PROVE.format(
            part=obligation.part,
            parameters=" ".join(f"-chparam {parameter} {value}" for parameter, value in obligation.parameters),
            longest=_LONGEST_INDUCTION + obligation.settle,
        )
        start = time.monotonic()

        def verdict(status: Status, induction: int | None = None, trace: Trace | None = None) -> Proof:
            seconds = round(time.monotonic() - start, 2)
            return Proof(designs, obligation.part, obligation.claim, status, seconds, induction, trace)

        try:
            log = run_yosys(script, folder, limit)
        except YosysTimeout:
            return verdict("out of time")
        if "Induction step proven: SUCCESS!" in log:
            return verdict("proved", induction=log.count("Trying induction with length"))
        if out is not None:
            write_text(out / designs[0] / f"{obligation.part}.vcd", (folder / "trace.vcd").read_text(encoding="utf-8"))
        refuted = "model found for base case: FAIL!" in log
        trace = read_trace((folder / "trace.json").read_text(encoding="utf-8"), check)
        return verdict("refuted" if refuted else "not inductive", trace=trace)
