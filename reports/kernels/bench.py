"""Time of convolutions with narrow accumulators, on every path, beside what else a Python user has."""

import math
import statistics
from collections.abc import Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.kernels import Levels, PackedConvolution, PackedProduct, Scale, available_paths, set_threads
from models.kernels.paths import NOT_COMPILED, native
from models.progress import Progress
from models.quantization.accumulators import Accumulator, Overflow
from models.training.seeds import check_seed
from reports.bench.in_turn import Call, Contender, in_turn, one_thread, usual_clock
from reports.kernels.layers import Layer, bench_layers
from reports.kernels.limits import KINDS, counted_work, look_up_speeds
from reports.kernels.network_bench import bench_network
from reports.kernels.peers import fastest_peer, peers, peers_without_amx
from reports.records.provenance import machine, tool_versions

NAIVE = "naive loop"

_LEVELS = 7  # of 3 bits
_SLOW_ROUNDS = 3


def bench_kernels(
    rounds: int = 30, seed: int = 0, slow: bool = True, progress: Progress | None = None
) -> dict[str, Any]:
    """Measures the convolutions of Table 2.7 and their products of matrices, all contenders in turn.

    In one process; in another, on machines that have AMX, torch without it.

    rounds: how often each runs; the median counts. Rounds in which the processor's clock is off its median are left
    out. slow: also what takes no vector instructions, three times each, and a whole ResNet-18. One thread, and two for
    the fastest kernel. Every path is measured, whatever the environment says about paths.

    Returns `rows` (`name` of a layer or network, `case`, which is a contender, `milliseconds`, and `ratio_to_peer`, how
    many times as fast as torch's fastest in bytes); the same with what tables need as `layers` (for each: `name`,
    `operations`; by contender, `milliseconds`, `limits`, GMAC/s in registers alone, and `work`, the instructions
    counted) and `network` (milliseconds of ResNet-18); `clock_ghz`, `rounds`, those that counted, `tools`, `machine`.
    Raises ValueError for settings that are not allowed, or if the C kernels were not compiled.
    """
    check_seed(seed)
    if type(rounds) is not int or rounds < 1:
        raise ValueError(f"rounds is {rounds!r}; allowed is an integer of at least 1")
    if native is None:
        raise ValueError(NOT_COMPILED)
    layers = bench_layers(seed)
    measured, without_vectors = [], []
    with progress or Progress(quiet=True) as shown, one_thread(), peers_without_amx(seed) as without_amx:
        task = shown.task("rounds", rounds * len(layers))
        for layer in layers:
            ours = _contenders(layer) | _product(layer)
            contenders: dict[str, Contender] = {**ours, **peers(layer), **without_amx[layer.name]}
            measured.append(in_turn(contenders, rounds, partial(task.advance, note=layer.name)))
            without_vectors.append(in_turn(_without_vectors(layer) if slow else {}, _SLOW_ROUNDS))
        limits = [look_up_speeds(layer.channels) for layer in layers]
        network = bench_network(rounds, seed, shown) if slow else {}
    usual = usual_clock(*measured)
    times = [fast.medians(usual) | slow.medians(usual) for fast, slow in zip(measured, without_vectors, strict=True)]
    described = [
        {
            "name": layer.name,
            "operations": layer.operations,
            "milliseconds": milliseconds,
            "limits": limit,
            "work": counted_work(layer.channels, layer.size),
        }
        for layer, milliseconds, limit in zip(layers, times, limits, strict=True)
    ]
    by_name = {layer.name: milliseconds for layer, milliseconds in zip(layers, times, strict=True)}
    return {
        "rows": bench_rows(by_name | ({"ResNet-18": network} if network else {})),
        "layers": described,
        "network": network,
        "clock_ghz": usual,
        "rounds": rounds,
        "steady_rounds": sum(sum(found.steady(usual)) for found in measured),
        "tools": tool_versions() | _versions("onnxruntime"),
        "machine": machine(),
    }


def bench_rows(milliseconds: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """A row for each layer or network and each contender, from milliseconds by name and contender."""
    return [
        {"name": name, "case": case, "milliseconds": time, "ratio_to_peer": times[fastest_peer(times)] / time}
        for name, times in milliseconds.items()
        for case, time in times.items()
    ]


def geometric_mean(values: list[float]) -> float:
    """The geometric mean of positive numbers."""
    return math.exp(statistics.fmean(map(math.log, values)))


def _contenders(layer: Layer) -> dict[str, Call]:
    """The kernels, each on each path that it is meant for."""
    found: dict[str, Call] = {}
    for path in available_paths():
        if path in ("swar", "torch"):
            continue
        for name, base, bits in KINDS:
            weights = layer.binary if base == 2 else layer.ternary
            found[f"{name} {path}"] = _convolution(
                layer, weights, Accumulator(bits=bits, overflow=Overflow.WRAP), path=path
            )
    fastest = available_paths()[0]
    cyclic = Accumulator(bits=8, slope=2)
    edges = np.linspace(-100, 100, _LEVELS).astype(np.int16)
    levels = Levels(np.tile(edges, (layer.channels, 1)), np.ones(layer.channels, np.int8))
    scale = Scale(np.full(layer.channels, 20_000, np.int16), np.zeros(layer.channels, np.int16))
    for kind, output in (("levels", levels), ("scale", scale)):
        finished = _convolution(layer, layer.binary, cyclic, output=output, path=fastest)
        found[f"binary 8 {fastest}, cyclic, {kind}"] = finished
    single = found[f"binary 8 {fastest}"]

    def with_two_threads() -> None:
        set_threads(2)
        single()
        set_threads(1)

    found[f"binary 8 {fastest}, two threads"] = with_two_threads
    return found


def _convolution(layer: Layer, weights: NDArray[np.int8], accumulator: Accumulator, **options: Any) -> Call:
    packed = PackedConvolution(weights, accumulator, padding=1, **options)
    out = packed(layer.maps)
    return lambda: packed(layer.maps, out)


def _product(layer: Layer) -> dict[str, Call]:
    """The same as a product of matrices, without the time to make the matrix."""
    matrix = layer.matrix()
    fastest = available_paths()[0]
    product = PackedProduct(layer.binary.reshape(layer.channels, -1), path=fastest)
    return {f"binary 8 {fastest}, matrix": lambda: product(matrix)}


def _without_vectors(layer: Layer) -> dict[str, Call]:
    """Table 2.8: 64-bit words with several sums in each, and one multiplication after another."""
    shape = native.ffi.new(
        "wrap_shape *",
        (*layer.maps.shape, layer.channels, 3, 3, 1, 1, layer.size, layer.size),
    )
    sums = np.empty((1, layer.size, layer.size, layer.channels), np.int32)

    def naive() -> None:
        pointers = [
            native.ffi.cast(kind, array.ctypes.data)
            for kind, array in (("uint8_t *", layer.maps), ("int8_t *", layer.binary), ("int32_t *", sums))
        ]
        native.lib.wrap_naive(shape, *pointers)

    wrap = Accumulator(bits=8, overflow=Overflow.WRAP)
    return {
        "binary 8 swar": _convolution(layer, layer.binary, wrap, path="swar"),
        "ternary 8 swar": _convolution(layer, layer.ternary, wrap, path="swar"),
        NAIVE: naive,
    }


def _versions(*packages: str) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
