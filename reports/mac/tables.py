"""Tables of units: checks, areas, proofs, mutants, the main report."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hw.mac.parts import PARTS
from reports.mac.published import REFERENCE, published_shares
from reports.tables.table import Table
from reports.wrapnet.accuracy import accuracy_table
from sim.formal.proofs import Proof


def overview_table(report: dict[str, Any]) -> Table:
    """The report in a few columns, for a terminal."""
    rows = [
        (
            design["name"],
            f"{design['vectors'] / 1e6:.1f} M",
            str(design["mismatches"] + design["gate_level"]["mismatches"]),
            "yes" if min(design["coverage"].values()) > 0 else "NO",
            "yes" if design["equivalent"] else "NO",
            f"{design['published']['area_ratio']:.2f}",
            f"{design['area_ratio']:.2f}",
        )
        for design in report["designs"]
    ]
    columns = ("design", "cycles", "wrong", "covered", "proved", "published", "ours")
    return Table(f"Units; the last two columns are cell area relative to {REFERENCE}", columns, rows)


def check_table(designs: list[dict[str, Any]]) -> Table:
    """What the checks of each unit found."""
    rows = []
    for design in designs:
        hit = sum(hits > 0 for hits in design["coverage"].values())
        rows.append(
            (
                design["name"],
                f"{design['vectors']:,}",
                str(design["mismatches"]),
                f"{hit} of {len(design['coverage'])}",
                f"{design['layer_macs']:,}",
                f"{design['layer_macs_per_second'] / 1e6:.1f}",
                f"{design['gate_level']['vectors']:,}",
                str(design["gate_level"]["mismatches"]),
                "proved" if design["equivalent"] else "not proved",
            )
        )
    return Table(
        "Checks against the PyTorch golden model",
        (
            "design",
            "cycles compared",
            "mismatches",
            "coverage bins hit",
            "trained-layer MACs",
            "million MAC/s",
            "gate-level cycles",
            "mismatches at gates",
            "netlist equals RTL",
        ),
        rows,
        "Every cycle's outputs are compared bit for bit. MAC/s counts the trained layer's stimulus, simulation, golden "
        "model and comparison together.",
    )


def area_table(designs: list[dict[str, Any]]) -> Table:
    """Cell area, published and ours, and both relative to 8x8x32 (Table 2.11)."""
    rows = []
    for design in designs:
        published = design["published"]
        rows.append(
            (
                design["name"],
                f"{published['area_um2']:,.0f}",
                f"{design['area']:,.1f}",
                f"{published['area_ratio']:.2f}",
                f"{design['area_ratio']:.2f}",
                f"{design['area_ratio'] - published['area_ratio']:+.2f}",
            )
        )
    return Table(
        "Cell area (Table 2.11)",
        ("design", "published, um2", "ours, um2", "published ratio", "our ratio", "difference"),
        rows,
        "Compare the ratios, not the areas: the published ones are of a 28 nm process after layout, at the shortest "
        f"cycle time; ours are of {designs[0]['library']} before layout, mapped for area.",
    )


def share_table(designs: list[dict[str, Any]]) -> Table:
    """Each part's share of a unit, published and ours (Table 2.12)."""
    rows = []
    for design in designs:
        published = published_shares(design["name"])
        cells = [
            f"{published[part]:.0%} / {design['area_by_part'][part] / design['area']:.0%}"
            if design["area_by_part"][part]
            else "-"
            for part in PARTS
        ]
        rows.append((design["name"], *cells))
    return Table(
        "Share of the area by part, published / ours (Table 2.12)",
        ("design", *PARTS),
        rows,
        "The multiplier includes its product register, the cyclic activation its output register; auxiliary is the "
        "input registers and control, in the published figures the clock tree as well.",
    )


def part_table(designs: list[dict[str, Any]]) -> Table:
    """Cell area by part, published and ours, and both relative to the whole of 8x8x32 (Tables 2.11 and 2.12)."""
    reference = next(design["area"] for design in designs if design["name"] == REFERENCE)
    rows = []
    for design in designs:
        shares, published = published_shares(design["name"]), design["published"]
        for part in PARTS:
            if not design["area_by_part"][part]:
                continue
            theirs = shares[part] * published["area_ratio"]
            ours = design["area_by_part"][part] / reference
            rows.append(
                (
                    f"{design['name']} {part}",
                    f"{shares[part] * published['area_um2']:,.0f}",
                    f"{design['area_by_part'][part]:,.1f}",
                    f"{theirs:.3f}",
                    f"{ours:.3f}",
                    f"{ours - theirs:+.3f}",
                )
            )
    return Table(
        "Cell area by part (Tables 2.11 and 2.12)",
        ("part", "published, um2", "ours, um2", "published ratio", "our ratio", "difference"),
        rows,
        f"Ratios are to the whole of {REFERENCE}; their differences add up to those of the units above, and show where "
        "these come from. Published parts are the shares of Table 2.12 times the area of Table 2.11.",
    )


def coverage_table(designs: list[dict[str, Any]]) -> Table:
    """How often each coverage bin was hit in each design."""
    bins = dict.fromkeys(name for design in designs for name in design["coverage"])
    rows = [
        (name, *(f"{design['coverage'][name]:,}" if name in design["coverage"] else "-" for design in designs))
        for name in bins
    ]
    return Table(
        "Coverage",
        ("bin", *(design["name"] for design in designs)),
        rows,
        "How often each bin of the test plan was hit; a dash marks a bin that the design does not have.",
    )


def check_summary(verdicts: list[dict[str, Any]]) -> Table:
    """What `wrapmac check` found."""
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
    """What `wrapmac synth` found."""
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
    """What `wrapmac prove` found."""
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
    """All of them, or two and how many more there are."""
    return ", ".join(designs) if len(designs) < 4 else f"{designs[0]}, {designs[1]}, {len(designs) - 2} more"


def trace_table(proof: Proof) -> Table:
    """The counterexample of a proof that has one: inputs and outputs by clock edge."""
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
    """What `wrapmac mutants` found."""
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


def report_tables(report: dict[str, Any]) -> list[Table]:
    """All tables of the main report, in order."""
    designs = report["designs"]
    return [
        check_table(designs),
        area_table(designs),
        share_table(designs),
        part_table(designs),
        accuracy_table(report["trained_layer"]),
        coverage_table(designs),
    ]
