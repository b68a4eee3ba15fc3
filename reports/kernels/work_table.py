"""Where a kernel's time goes: its instructions and cycles."""

from collections.abc import Sequence
from statistics import geometric_mean
from typing import Any

from reports.kernels.peers import fastest_peer
from reports.tables.table import Table


def work_table(result: dict[str, Any], name: str) -> Table:
    """The instructions that a kernel cannot do without and the cycles that it takes, from a result of bench_kernels."""
    layers, clock = result["layers"], result["clock_ghz"]
    work = [layer["work"][name] for layer in layers]
    rates = [layer["limits"][name] / clock / one["products"] for layer, one in zip(layers, work, strict=True)]
    permutations = [one["look_ups"] + one["table_permutations"] for one in work]
    least = [count / rate for count, rate in zip(permutations, rates, strict=True)]
    taken = [layer["milliseconds"][name] * clock * 1e6 for layer in layers]
    peers = [layer["milliseconds"][fastest_peer(layer["milliseconds"])] * clock * 1e6 for layer in layers]
    most = geometric_mean([peer / one for peer, one in zip(peers, least, strict=True)])
    rows = [
        ("products of a look-up", *(str(one["products"]) for one in work)),
        ("look-ups: a permutation and an addition", *_thousands([one["look_ups"] for one in work])),
        ("permutations for tables", *_thousands([one["table_permutations"] for one in work])),
        ("registers of tables stored", *_thousands([one["table_stores"] for one in work])),
        ("permutations a cycle", *(f"{rate:.2f}" for rate in rates)),
        ("cycles, at least", *_thousands(least)),
        ("cycles, measured", *_thousands(taken)),
        ("share", *(f"{one / other:.0%}" for one, other in zip(least, taken, strict=True))),
    ]
    note = (
        "Thousands of instructions and cycles. Permutations a cycle: with one addition each, in registers alone. At "
        f"least: cycles of all permutations at that rate; a kernel that took no longer would be {most:.1f} times as "
        "fast as torch here."
    )
    columns = (f"{name}: instructions", *(layer["name"] for layer in layers))
    return Table("What a kernel has to do", columns, rows, note)


def _thousands(counts: Sequence[float]) -> tuple[str, ...]:
    return tuple(f"{count / 1e3:,.0f}" for count in counts)
