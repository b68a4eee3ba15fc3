"""Tables that the commands `check`, `synth`, `prove` and `mutants` print."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hw.mac.parts import PARTS
from reports.tables.table import Table
from sim.formal.proofs import Proof


def check_summary(verdicts: list[dict[str, Any]]) -> Table:
    """Returns the table of `wrapmac check`."""
    rows = []
    for verdict in verdicts:
        missed = [name for name, hits in verdict["coverage"].items() if hits == 0]
        first = verdict["first_mismatches"][:1]
        remark = f"bin never hit: {missed[0]}" if missed else "" if verdict["passed"] else f"see {verdict['log']}"
        if first:
            remark = "{stimulus}, cycle {cycle}: {signal} is {got}, not {expected}".format(**first[0])
        rows.append(
            (
                verdict["name"],
                "pass" if verdict["passed"] else "FAIL",
                f"{verdict['vectors']:,}",
                str(verdict["mismatches"]),
                f"{len(verdict['coverage']) - len(missed)} of {len(verdict['coverage'])}",
                remark,
            )
        )
    return Table("Checks", ("design", "verdict", "cycles compared", "mismatches", "bins hit", "first failure"), rows)


def synthesis_summary(results: list[dict[str, Any]]) -> Table:
    """Returns the table of `wrapmac synth` for one library."""
    rows = [
        (
            result["name"],
            f"{result['area']:,.1f}",
            *(f"{result['area_by_part'][part]:,.1f}" if result["area_by_part"][part] else "-" for part in PARTS),
            str(result["cells"]),
            "proved" if result["equivalent"] else "NOT PROVED",
        )
        for result in results
    ]
    return Table(f"Area, {results[0]['library']}", ("design", "total", *PARTS, "cells", "equals RTL"), rows)


def proof_summary(proofs: Sequence[Proof]) -> Table:
    """Returns the table of `wrapmac prove`."""
    rows = [
        (
            _names(proof.designs),
            proof.part,
            proof.claim,
            proof.status if proof.status == "proved" else proof.status.upper(),
            f"{proof.seconds:.1f}",
        )
        for proof in proofs
    ]
    proved = sum(proof.status == "proved" for proof in proofs)
    return Table(f"Proofs: {proved} of {len(proofs)}", ("design", "part", "claim", "verdict", "seconds"), rows)


def _names(designs: Sequence[str]) -> str:
    """Joins up to three names; of more, joins two and counts the rest."""
    return ", ".join(designs) if len(designs) < 4 else f"{designs[0]}, {designs[1]}, {len(designs) - 2} more"


def trace_table(proof: Proof) -> Table:
    """Returns a proof's counterexample by clock edge. Raises ValueError if the proof has none."""
    trace = proof.trace
    if trace is None:
        raise ValueError(f"{proof.designs[0]} {proof.part} is {proof.status}: there is no counterexample")
    series = [[str(value) for value in values] for values in trace.inputs.values()]
    for name, found in trace.found.items():
        series.append([_against(*pair) for pair in zip(found, trace.expected[name], strict=True)])
    rows = [(str(edge), *values) for edge, values in enumerate(zip(*series, strict=True), start=1)]
    start = "power-up" if proof.status == "refuted" else "a state in which all outputs are as specified"
    return Table(
        f"{proof.designs[0]} {proof.part}, from {start}; in brackets: still unspecified",
        ("edge", *trace.inputs, *trace.found),
        rows,
    )


def _against(found: int, expected: int | None) -> str:
    if expected is None:
        return f"({found})"
    return str(found) if found == expected else f"{found}, not {expected}"


def mutation_summary(results: list[dict[str, Any]]) -> Table:
    """Returns the table of `wrapmac mutants`."""
    rows = []
    for result in results:
        verdicts = Counter(mutant["verdict"] for mutant in result["mutants"])
        rows.append(
            (
                result["name"],
                "WRONG" if not result["agrees"] else "proved" if result["equivalent"] else "NOT PROVED",
                _steps(result["transitions"]),
                str(len(result["mutants"])),
                *(str(verdicts[verdict]) for verdict in ("killed", "equivalent", "survived")),
                f"{result['cycles_per_second'] / 1e9:.1f} G",
            )
        )
    columns = ("design", "gates", "steps", "mutants", "killed", "same", "survived", "cycles/s")
    return Table(f"Mutants of the gates, {results[0]['library']}", columns, rows)


def _steps(transitions: dict[str, Any] | None) -> str:
    if transitions is None:
        return "-"
    return f"{transitions['wrong']:,} WRONG" if transitions["wrong"] else f"2^{transitions['tried'].bit_length() - 1}"
