"""Tables 2.7 and 2.8: convolutions with narrow accumulators, beside the published times."""

from statistics import geometric_mean
from typing import Any

from reports.kernels.contenders import NAIVE, SLOW
from reports.kernels.peers import BYTE_PEERS, fastest_peer
from reports.kernels.published import KERNEL_MILLISECONDS, RESNET18_MILLISECONDS
from reports.kernels.work_table import work_table
from reports.tables.table import Table


def kernel_tables(result: dict[str, Any]) -> list[Table]:
    """The tables of a result of bench_kernels."""
    milliseconds = result["layers"][0]["milliseconds"]
    tables = [vector_table(result), *(work_table(result, name) for name in result["layers"][0]["work"])]
    if NAIVE in milliseconds:
        tables.append(word_table(result))
    if result["network"]:
        tables.append(network_table(result["network"]))
    return tables


def vector_table(result: dict[str, Any]) -> Table:
    """Table 2.7: the time of each contender, and how many times as fast as torch it is."""
    layers = result["layers"]
    peers = [fastest_peer(layer["milliseconds"]) for layer in layers]
    rows = []
    for name in layers[0]["milliseconds"]:
        if name in SLOW:
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
        "the speed of look-ups and additions in registers alone, for the kernel that the layer takes. "
        f"{', '.join(BYTE_PEERS)} accumulate in 32 bits. "
        f"{result['machine']}."
    )
    columns = ("Table 2.7", *(layer["name"] for layer in layers), "speedup", "GMAC/s", "limit")
    return Table("Convolutions with narrow accumulators", columns, rows, note)


def _milliseconds(times: list[float]) -> tuple[str, ...]:
    return tuple(f"{time:.3f}" for time in times)


def _share(speeds: list[float], limits: list[float | None]) -> str:
    shares = [speed / limit for speed, limit in zip(speeds, limits, strict=True) if limit]
    return f"{geometric_mean(shares):.0%}" if shares else ""


def network_table(milliseconds: dict[str, float]) -> Table:
    """A whole ResNet-18, beside the published times."""
    peer = fastest_peer(milliseconds)
    rows = [(name, f"{time:.2f}", f"{milliseconds[peer] / time:.2f}") for name, time in milliseconds.items()]
    narrow, wide = RESNET18_MILLISECONDS
    rows += [("published, 8 bits", f"{narrow}", f"{wide / narrow:.2f}"), ("published, 32 bits", f"{wide}", "1.00")]
    note = (
        "Milliseconds of one image of 224x224, on one thread unless stated; speedup over the fastest in bytes "
        f"({peer}), published: over its own with 32 bits. The first and the last layer run in torch, in floats; torch "
        "in bytes runs them in bytes as well."
    )
    return Table("Whole ResNet-18", ("network", "ms", "speedup"), rows, note)


def word_table(result: dict[str, Any]) -> Table:
    """Table 2.8: time without vector instructions, and how many times as fast as the naive loop."""
    rows = []
    layers = result["layers"]
    for name in SLOW:
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
