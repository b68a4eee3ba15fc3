"""Tables 2.7 and 2.8: convolutions with narrow accumulators, beside the published times."""

from typing import Any

from reports.kernel_bench import NAIVE, PEERS, fastest_peer, geometric_mean
from reports.published import KERNEL_MILLISECONDS
from reports.tables import Table

_WITHOUT_VECTORS = ("binary 8 swar", "ternary 8 swar", NAIVE)


def kernel_tables(result: dict[str, Any]) -> list[Table]:
    """What bench_kernels found."""
    tables = [vector_table(result)]
    return [*tables, word_table(result)] if NAIVE in result["layers"][0]["milliseconds"] else tables


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
        speed = geometric_mean([layer["operations"] / time / 1e6 for layer, time in zip(layers, times, strict=True)])
        limit = result["speed_of_look_ups"].get(name)
        rows.append(
            (name, *_milliseconds(times), f"{geometric_mean(speedups):.2f}", f"{speed:,.0f}", _share(speed, limit))
        )
    for place, bits in enumerate((8, 32)):
        published = [KERNEL_MILLISECONDS[layer["name"]][place] for layer in layers]
        rows.append((f"published, {bits} bits", *_milliseconds(published), "", "", ""))
    note = (
        f"Milliseconds of a 3x3 convolution, median of {result['steady_rounds'] // len(layers)} rounds with a steady "
        f"clock ({result['clock_ghz']:.1f} GHz), in turn, one thread. Speedup: over the fastest convolution of bytes "
        f"by torch ({', '.join(sorted(set(peers)))}), geometric mean of the four, as is GMAC/s. Limit: the share of "
        f"what look-ups and additions in registers alone would do. {', '.join(PEERS[:5])} add up in 32 bits. "
        f"{result['machine']}."
    )
    columns = ("Table 2.7", *(layer["name"] for layer in layers), "speedup", "GMAC/s", "limit")
    return Table("Convolutions with narrow accumulators", columns, rows, note)


def _milliseconds(times: list[float]) -> tuple[str, ...]:
    return tuple(f"{time:.3f}" for time in times)


def _share(speed: float, limit: float | None) -> str:
    return f"{speed / limit:.0%}" if limit else ""


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
