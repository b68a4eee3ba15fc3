"""Time of convolutions with narrow accumulators, on every path, beside the alternatives of a Python user."""

from functools import partial
from typing import Any

import torch

from models.kernels.paths import NOT_COMPILED, native
from models.progress import Progress
from models.training.seeds import check_seed
from reports.bench.contenders import Contender, one_thread
from reports.bench.in_turn import check_count, in_turn, usual_clock
from reports.bench.rows import Comparison, bench_record, compared
from reports.kernels.amx import peers_without_amx
from reports.kernels.contenders import kernels, kernels_without_vectors
from reports.kernels.layers import bench_layers
from reports.kernels.limits import counted_work, look_up_speeds
from reports.kernels.network_bench import bench_network
from reports.kernels.peers import fastest_peer, peers
from reports.records.provenance import machine, package_versions, tool_versions

TO_PEER = Comparison(key="ratio_to_peer", reference=fastest_peer, speedup=True)
"""How many times as fast as torch's fastest convolution of bytes."""

_NETWORK = "ResNet-18"
_SLOW_ROUNDS = 3


def bench_kernels(
    rounds: int = 30, seed: int = 0, slow: bool = True, progress: Progress | None = None
) -> dict[str, Any]:
    """Measures the convolutions of Table 2.7, and the same as matrix products, all contenders in turn.

    On machines with AMX, torch is measured without it as well, in another process. One thread, and two for the fastest
    kernel. Every path is measured, whatever WRAPMAC_KERNELS names.

    rounds: measurements of each contender; the median counts. Rounds in which the processor's clock is off its median
    are left out. slow: also the contenders without vector instructions, three times each, and a whole ResNet-18.

    Returns `rows` (`name` of a layer or network, `case` of a contender, `milliseconds`, and `ratio_to_peer`: how many
    times as fast as torch's fastest convolution of bytes); the same with what the tables need as `layers` (for each:
    `name`, `operations`, and by contender `milliseconds`, `limits`, GMAC/s in registers alone, and `work`, the counted
    instructions) and `network` (milliseconds of ResNet-18); `clock_ghz`, `rounds`, `steady_rounds`, the rounds that
    counted, `tools` and `machine`. Raises ValueError for settings that are not allowed, or if the C kernels were not
    compiled.
    """
    check_seed(seed)
    check_count("rounds", rounds)
    if native is None:
        raise ValueError(NOT_COMPILED)
    layers = bench_layers(seed)
    measured, without_vectors = [], []
    with progress or Progress(quiet=True) as shown, torch.no_grad(), one_thread(), peers_without_amx(seed) as no_amx:
        task = shown.task("rounds", rounds * len(layers))
        for layer in layers:
            contenders: dict[str, Contender] = {**kernels(layer), **peers(layer), **no_amx[layer.name]}
            measured.append(in_turn(contenders, rounds, partial(task.advance, note=layer.name)))
            without_vectors.append(in_turn(kernels_without_vectors(layer) if slow else {}, _SLOW_ROUNDS))
        limits = [look_up_speeds(layer.channels) for layer in layers]
        network = bench_network(rounds, seed, shown) if slow else {}
    clock = usual_clock(*measured)
    times = [fast.medians(clock) | slow.medians(clock) for fast, slow in zip(measured, without_vectors, strict=True)]
    rows = [row for layer, found in zip(layers, times, strict=True) for row in compared(layer.name, found, TO_PEER)]
    if network:
        rows += compared(_NETWORK, network, TO_PEER)
    return bench_record(
        rows,
        TO_PEER,
        tools=tool_versions() | package_versions("onnxruntime", "openvino"),
        machine=machine(),
        layers=[
            {
                "name": layer.name,
                "operations": layer.operations,
                "milliseconds": milliseconds,
                "limits": limit,
                "work": counted_work(layer.channels, layer.size),
            }
            for layer, milliseconds, limit in zip(layers, times, limits, strict=True)
        ],
        network=network,
        clock_ghz=clock,
        rounds=rounds,
        steady_rounds=sum(sum(found.steady(clock)) for found in measured),
    )
