"""Tables 2.7 and 2.8: convolutions with narrow accumulators, beside the published times."""

from collections.abc import Sequence
from typing import Any

from reports.kernels.bench import NAIVE, geometric_mean
from reports.kernels.peers import PEERS, fastest_peer
from reports.mac.published import KERNEL_MILLISECONDS, RESNET18_MILLISECONDS
from reports.tables.table import Table

_WITHOUT_VECTORS = ("binary 8 swar", "ternary 8 swar", NAIVE)


def kernel_tables(result: dict[str, Any]) -> list[Table]:
    """What bench_kernels found."""
    milliseconds = result["layers"][0]["milliseconds"]
    tables = [vector_table(result), *(work_table(result, name) for name in result["layers"][0]["work"])]
    if NAIVE in milliseconds:
        tables.append(word_table(result))
    if result["network"]:
        tables.append(network_table(result["network"]))
    return tables


def vector_table(result: dict[str, Any]) -> Table:
    """Table 2.7: time of each contender, and how many times as fast as torch it is."""
    layers = result["layers"]
    peers = [fastest_peer(layer["milliseconds"]) for layer in layers]
    rows = []
    for name in layers[0]["milliseconds"]:
        if name in _WITHOUT_VECTORS:
            continue
        times = [layer["milliseconds"][name] for layer in layers]
        speedups = [layer["milliseconds"][peer] / time for layer, peer, time in zip(layers, peers, times, strict=True)]
        speeds = [layer["operations"] / time / 1e6 for layer, time in zip(layers, times, strict=True)]
        limits = [layer["limits"].get(name) for layer in layers]
        found = (f"{geometric_mean(speedups):.2f}", f"{geometric_mean(speeds):,.0f}", _share(speeds, limits))
        rows.append((name, *_milliseconds(times), *found))
    for place, bits in enumerate((8, 32)):
        published = [KERNEL_MILLISECONDS[layer["name"]][place] for layer in layers]
        rows.append((f"published, {bits} bits", *_milliseconds(published), "", "", ""))
    note = (
        f"Milliseconds of a 3x3 convolution, median of {result['steady_rounds'] // len(layers)} rounds with a steady "
        f"clock ({result['clock_ghz']:.1f} GHz), in turn, one thread. Speedup: over the fastest convolution of bytes "
        f"by torch ({'; '.join(sorted(set(peers)))}), geometric mean of the four, as is GMAC/s. Limit: the share of "
        "what look-ups and additions in registers alone would do, by the kernel that the layer takes. "
        f"{', '.join(PEERS[:5])} add up in 32 bits. "
        f"{result['machine']}."
    )
    columns = ("Table 2.7", *(layer["name"] for layer in layers), "speedup", "GMAC/s", "limit")
    return Table("Convolutions with narrow accumulators", columns, rows, note)


def _milliseconds(times: list[float]) -> tuple[str, ...]:
    return tuple(f"{time:.3f}" for time in times)


def _share(speeds: list[float], limits: list[float | None]) -> str:
    shares = [speed / limit for speed, limit in zip(speeds, limits, strict=True) if limit]
    return f"{geometric_mean(shares):.0%}" if shares else ""


def work_table(result: dict[str, Any], name: str) -> Table:
    """Where a kernel's time goes: the instructions that it cannot do without, and the cycles it takes."""
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
        "Thousands of instructions and cycles. Permutations a cycle: with an addition each, in registers alone. At "
        f"least: cycles for all permutations at that rate; a kernel that took no more would be {most:.1f} times as "
        "fast as torch here."
    )
    columns = (f"{name}: instructions", *(layer["name"] for layer in layers))
    return Table("What a kernel has to do", columns, rows, note)


def _thousands(counts: Sequence[float]) -> tuple[str, ...]:
    return tuple(f"{count / 1e3:,.0f}" for count in counts)


def network_table(milliseconds: dict[str, float]) -> Table:
    """A whole ResNet-18, beside the published times."""
    peer = fastest_peer(milliseconds)
    rows = [(name, f"{time:.2f}", f"{milliseconds[peer] / time:.2f}") for name, time in milliseconds.items()]
    narrow, wide = RESNET18_MILLISECONDS
    rows += [("published, 8 bits", f"{narrow}", f"{wide / narrow:.2f}"), ("published, 32 bits", f"{wide}", "1.00")]
    note = (
        f"Milliseconds of an image of 224x224, one thread unless it says two; speedup over the fastest in bytes "
        f"({peer}), published: over its own with 32 bits. First and last layer are torch's, in floats; torch in bytes "
        "has them in bytes, too."
    )
    return Table("Whole ResNet-18", ("network", "ms", "speedup"), rows, note)


def word_table(result: dict[str, Any]) -> Table:
    """Table 2.8: time without vector instructions, and how many times as fast as one multiplication after another."""
    rows = []
    layers = result["layers"]
    for name in _WITHOUT_VECTORS:
        times = [layer["milliseconds"][name] for layer in layers]
        ratios = [layer["milliseconds"][NAIVE] / layer["milliseconds"][name] for layer in layers]
        rows.append((name, *(f"{time:.2f}" for time in times), f"{geometric_mean(ratios):.1f}"))
    for place, name in ((2, "published, packed"), (3, "published, naive")):
        published = [KERNEL_MILLISECONDS[layer["name"]] for layer in layers]
        ratios = [one[3] / one[place] for one in published]
        rows.append((name, *(f"{one[place]:.1f}" for one in published), f"{geometric_mean(ratios):.1f}"))
    note = "Milliseconds, one thread; speedup over the naive loop, geometric mean. Words of 64 bits hold 4 sums."
    columns = ("Table 2.8", *(layer["name"] for layer in layers), "speedup")
    return Table("Convolutions without vector instructions", columns, rows, note)
