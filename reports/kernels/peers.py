"""What else a Python user has for convolutions: of bytes, with sums of 32 bits, and of floats."""

import importlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

import numpy as np
import torch

from reports.bench.in_turn import Call, SelfTimed
from reports.bench.other_process import elsewhere
from reports.bench.processor import processor_has
from reports.kernels.layers import Layer, bench_layers

PEERS = ("torch x86", "torch onednn", "torch fbgemm", "torch _int_mm", "onnxruntime", "torch float")
"""What the kernels are compared with. The first five multiply bytes and add up in 32 bits."""

NO_AMX = ", no AMX"
"""What the names of contenders end with that do without AMX, on machines that have it."""


def peers(layer: Layer) -> dict[str, Call]:
    """The convolutions of torch and onnxruntime that this machine has, and the product of matrices, by name."""
    floats = _of_floats(layer)
    found = _by_torch(layer) | {PEERS[-1]: floats}
    with suppress(ImportError):
        found["onnxruntime"] = _by_onnxruntime(layer)
    return found


def fastest_peer(milliseconds: Mapping[str, float]) -> str:
    """The convolution of bytes by torch that took the least time; of floats where it has none of bytes.

    One that uses AMX, which multiplies matrices, not vectors, does not count where it is there without, too.
    """
    convolutions = [
        name for name in milliseconds if name.removesuffix(NO_AMX) in PEERS[:3] and name + NO_AMX not in milliseconds
    ]
    return min(convolutions, key=milliseconds.__getitem__, default=PEERS[-1])


@contextmanager
def without_amx(make: Callable[[], Mapping[str, Call]]) -> Iterator[dict[str, SelfTimed]]:
    """Contenders of torch that do not use AMX, named so; none on machines that have no AMX.

    make: importable, or a partial of what is. oneDNN, which torch computes with, takes this setting once for a process.
    """
    if not processor_has("amx_int8"):
        yield {}
        return
    with elsewhere(make, {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"}) as found:
        yield {name + NO_AMX: contender for name, contender in found.items()}


@contextmanager
def peers_without_amx(seed: int) -> Iterator[dict[str, dict[str, SelfTimed]]]:
    """By layer of bench_layers, torch's contenders in bytes without AMX; none on machines that have no AMX."""
    with without_amx(partial(_all_by_torch, seed)) as found:
        yield {
            layer.name: {
                name.removeprefix(f"{layer.name} "): contender
                for name, contender in found.items()
                if name.startswith(f"{layer.name} ")
            }
            for layer in bench_layers(seed)
        }


def _all_by_torch(seed: int) -> dict[str, Call]:
    layers = bench_layers(seed)
    return {f"{layer.name} {name}": call for layer in layers for name, call in _by_torch(layer).items()}


def _by_torch(layer: Layer) -> dict[str, Call]:
    """In bytes: convolutions, and the product of matrices without the time to make the matrix."""
    maps = torch.from_numpy(layer.maps).permute(0, 3, 1, 2)
    weights = torch.from_numpy(layer.binary).permute(0, 3, 1, 2)
    found: dict[str, Call] = {}
    for engine in ("x86", "onednn", "fbgemm"):
        if engine in torch.backends.quantized.supported_engines:
            found[f"torch {engine}"] = _quantized_by_torch(engine, maps, weights)
    factors = torch.from_numpy(layer.binary.reshape(layer.channels, -1)).T
    signed = torch.from_numpy((layer.matrix() >> 1).astype(np.int8))
    with suppress(RuntimeError):  # not on every machine
        torch._int_mm(signed, factors)
        found["torch _int_mm"] = lambda: torch._int_mm(signed, factors)
    return found


def _of_floats(layer: Layer) -> Call:
    convolution = torch.nn.Conv2d(layer.channels, layer.channels, 3, padding=1, bias=False)
    convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    maps = torch.from_numpy(layer.maps).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
    return lambda: convolution(maps)


def _quantized_by_torch(engine: str, maps: torch.Tensor, weights: torch.Tensor) -> Call:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls its quantized tensors deprecated; it has no faster ones
        torch.backends.quantized.engine = engine
        convolution = torch.ao.nn.quantized.Conv2d(  # type: ignore[no-untyped-call]
            weights.shape[1], len(weights), 3, padding=1, bias=False
        )
        convolution.set_weight_bias(torch.quantize_per_tensor(weights.float(), 1.0, 0, torch.qint8), None)
        convolution.scale, convolution.zero_point = 64.0, 0
        given = torch.quantize_per_tensor(maps.float(), 1.0, 0, torch.quint8)
    given = given.contiguous(memory_format=torch.channels_last)
    return lambda: convolution(given)


def _by_onnxruntime(layer: Layer) -> Call:
    maps, weights = (array.transpose(0, 3, 1, 2) for array in (layer.maps, layer.binary))
    onnx = importlib.import_module("onnx")
    runtime = importlib.import_module("onnxruntime")
    helper, kinds = onnx.helper, onnx.TensorProto
    numbers = {"one": np.float32(1), "scale": np.float32(64), "zero": np.uint8(0), "none": np.int8(0), "w": weights}
    node = helper.make_node(
        "QLinearConv", ["x", "one", "zero", "w", "one", "none", "scale", "zero"], ["y"], pads=[1, 1, 1, 1]
    )
    graph = helper.make_graph(
        [node],
        "convolution",
        [helper.make_tensor_value_info("x", kinds.UINT8, maps.shape)],
        [helper.make_tensor_value_info("y", kinds.UINT8, (1, len(weights), *maps.shape[2:]))],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in numbers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    given = {"x": np.ascontiguousarray(maps)}
    return lambda: session.run(None, given)
