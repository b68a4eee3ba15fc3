"""Torch's contenders without AMX, on machines that have it: in a process of their own, which oneDNN's setting needs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch

from reports.bench.contenders import Call, SelfTimed
from reports.bench.other_process import elsewhere
from reports.bench.processor import processor_has
from reports.kernels.layers import bench_layers
from reports.kernels.peers import NO_AMX
from reports.kernels.torch_peers import byte_convolutions


@contextmanager
def without_amx(make: Callable[[], Mapping[str, Call]]) -> Iterator[dict[str, SelfTimed]]:
    """The contenders that `make` makes, without AMX, their names ending with NO_AMX; none on machines without AMX.

    make: importable, or a partial of an importable function.
    """
    if not processor_has("amx_int8"):
        yield {}
        return
    with elsewhere(partial(_without_gradients, make), {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"}) as found:
        yield {name + NO_AMX: contender for name, contender in found.items()}


@contextmanager
def peers_without_amx(seed: int) -> Iterator[dict[str, dict[str, SelfTimed]]]:
    """Torch's contenders on bytes without AMX, by layer of bench_layers; none on machines without AMX."""
    with without_amx(partial(_all_byte_convolutions, seed)) as found:
        yield {
            layer.name: {
                name.removeprefix(f"{layer.name} "): contender
                for name, contender in found.items()
                if name.startswith(f"{layer.name} ")
            }
            for layer in bench_layers(seed)
        }


def _without_gradients(make: Callable[[], Mapping[str, Call]]) -> Mapping[str, Call]:
    """Runs in the other process."""
    torch.set_grad_enabled(False)
    return make()


def _all_byte_convolutions(seed: int) -> dict[str, Call]:
    layers = bench_layers(seed)
    return {f"{layer.name} {name}": call for layer in layers for name, call in byte_convolutions(layer).items()}
