"""Time of convolutions with narrow accumulators, on every path, beside what else a Python user has."""

import importlib
import math
import statistics
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.kernels import Levels, PackedConvolution, PackedProduct, Scale, available_paths, set_threads
from models.kernels.paths import native
from models.training.progress import Progress
from models.training.seeds import check_seed
from models.wrapnet.accumulators import Accumulator
from reports.interleaved import Contender, in_turn, one_thread, usual_clock
from reports.kernel_limits import KINDS, counted_work, look_up_speeds
from reports.network_bench import bench_network
from reports.tools import machine, tool_versions

CONVOLUTIONS = ((64, 56), (128, 28), (256, 14), (512, 7))
"""Channels in and out, and rows and columns, of the 3x3 convolutions of Table 2.7: one for each stage of ResNet-18."""

PEERS = ("torch x86", "torch onednn", "torch fbgemm", "torch _int_mm", "onnxruntime", "torch float")
"""What the kernels are compared with. The first five multiply bytes and add up in 32 bits."""

NAIVE = "naive loop"

_LEVELS = 7  # of 3 bits
_SLOW_ROUNDS = 3


@dataclass(frozen=True)
class _Layer:
    """A convolution to measure: maps (1, size, size, channels) and weights (channels, 3, 3, channels)."""

    channels: int
    size: int
    maps: NDArray[np.uint8]
    binary: NDArray[np.int8]
    ternary: NDArray[np.int8]

    @property
    def name(self) -> str:
        """As in Table 2.7: channels x rows x columns."""
        return f"{self.channels}x{self.size}x{self.size}"

    @property
    def operations(self) -> int:
        """Multiply-accumulates, those with padding included."""
        return self.size**2 * self.channels**2 * 9


def bench_kernels(
    rounds: int = 30, seed: int = 0, slow: bool = True, progress: Progress | None = None
) -> dict[str, Any]:
    """Measures the convolutions of Table 2.7 and their products of matrices, all contenders in turn, in one process.

    rounds: how often each runs; the median counts. Rounds in which the processor's clock is off its median are left
    out. slow: also what takes no vector instructions, three times each, and a whole ResNet-18. One thread, and two for
    the fastest kernel. Every path is measured, whatever the environment says about paths.

    Returns `layers` (for each: `name`, `operations`; by contender, `milliseconds`, `limits`, GMAC/s in registers alone,
    and `work`, the instructions counted), `network` (milliseconds of ResNet-18), `clock_ghz`, `rounds`, those that
    counted, `tools`, `machine`.
    Raises ValueError for settings that are not allowed, or if the C kernels were not compiled.
    """
    check_seed(seed)
    if type(rounds) is not int or rounds < 1:
        raise ValueError(f"rounds is {rounds!r}; allowed is an integer of at least 1")
    if native is None:
        raise ValueError("the C kernels were not compiled; install gcc, then wrapmac again")
    random = np.random.default_rng(seed)
    layers = [_layer(channels, size, random) for channels, size in CONVOLUTIONS]
    measured, without_vectors = [], []
    with progress or Progress(quiet=True) as shown, one_thread():
        task = shown.task("rounds", rounds * len(layers))
        for layer in layers:
            contenders = _contenders(layer) | _products(layer) | _peers(layer)
            measured.append(in_turn(contenders, rounds, partial(task.advance, note=layer.name)))
            without_vectors.append(in_turn(_without_vectors(layer) if slow else {}, _SLOW_ROUNDS))
        limits = [look_up_speeds(layer.channels) for layer in layers]
        network = bench_network(rounds, seed, shown) if slow else {}
    usual = usual_clock(*measured)
    return {
        "layers": [
            {
                "name": layer.name,
                "operations": layer.operations,
                "milliseconds": found.medians(usual) | slowly.medians(usual),
                "limits": limit,
                "work": counted_work(layer.channels, layer.size),
            }
            for layer, found, slowly, limit in zip(layers, measured, without_vectors, limits, strict=True)
        ],
        "network": network,
        "clock_ghz": usual,
        "rounds": rounds,
        "steady_rounds": sum(sum(found.steady(usual)) for found in measured),
        "tools": tool_versions() | _versions("onnxruntime"),
        "machine": machine(),
    }


def geometric_mean(values: list[float]) -> float:
    """The geometric mean of positive numbers."""
    return math.exp(statistics.fmean(map(math.log, values)))


def fastest_peer(milliseconds: Mapping[str, float]) -> str:
    """The convolution by torch that took the least time: of bytes, or of floats where it has none of bytes."""
    return min((name for name in PEERS[:3] if name in milliseconds), key=milliseconds.__getitem__, default=PEERS[-1])


def _layer(channels: int, size: int, random: np.random.Generator) -> _Layer:
    shape = (channels, 3, 3, channels)
    return _Layer(
        channels,
        size,
        random.integers(0, 256, (1, size, size, channels)).astype(np.uint8),
        random.choice(np.array([-1, 1], np.int8), shape),
        random.choice(np.array([-1, 0, 1], np.int8), shape),
    )


def _contenders(layer: _Layer) -> dict[str, Contender]:
    """The kernels, each on each path that it is meant for."""
    found: dict[str, Contender] = {}
    for path in available_paths():
        if path in ("swar", "torch"):
            continue
        for name, base, bits in KINDS:
            weights = layer.binary if base == 2 else layer.ternary
            found[f"{name} {path}"] = _convolution(layer, weights, Accumulator(bits=bits, overflow="wrap"), path=path)
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


def _convolution(layer: _Layer, weights: NDArray[np.int8], accumulator: Accumulator, **options: Any) -> Contender:
    packed = PackedConvolution(weights, accumulator, padding=1, **options)
    out = packed(layer.maps)
    return lambda: packed(layer.maps, out)


def _windows(layer: _Layer) -> NDArray[np.uint8]:
    """The matrix (positions, 9 * channels) whose product with the weights is the convolution."""
    padded = np.pad(layer.maps[0], ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    return np.ascontiguousarray(windows.transpose(0, 1, 3, 4, 2).reshape(layer.size**2, -1))


def _products(layer: _Layer) -> dict[str, Contender]:
    """The same as a product of matrices, without the time to make the matrix."""
    matrix = _windows(layer)
    fastest = available_paths()[0]
    product = PackedProduct(layer.binary.reshape(layer.channels, -1), path=fastest)
    factors = torch.from_numpy(layer.binary.reshape(layer.channels, -1)).T
    signed = torch.from_numpy((matrix >> 1).astype(np.int8))
    found: dict[str, Contender] = {f"binary 8 {fastest}, matrix": lambda: product(matrix)}
    try:
        torch._int_mm(signed, factors)
    except RuntimeError:  # not on every machine
        return found
    return found | {"torch _int_mm": lambda: torch._int_mm(signed, factors)}


def _peers(layer: _Layer) -> dict[str, Contender]:
    found: dict[str, Contender] = {}
    channels = layer.channels
    maps = torch.from_numpy(layer.maps).permute(0, 3, 1, 2)
    weights = torch.from_numpy(layer.binary).permute(0, 3, 1, 2)
    for engine in ("x86", "onednn", "fbgemm"):
        if engine in torch.backends.quantized.supported_engines:
            found[f"torch {engine}"] = _quantized_by_torch(engine, maps, weights)
    convolution = torch.nn.Conv2d(channels, channels, 3, padding=1, bias=False)
    convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    floats = maps.float().contiguous(memory_format=torch.channels_last)
    found["torch float"] = lambda: convolution(floats)
    with suppress(ImportError):
        found["onnxruntime"] = _quantized_by_onnxruntime(maps.numpy(), weights.numpy())
    return found


def _quantized_by_torch(engine: str, maps: torch.Tensor, weights: torch.Tensor) -> Contender:
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


def _quantized_by_onnxruntime(maps: NDArray[np.uint8], weights: NDArray[np.int8]) -> Contender:
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


def _without_vectors(layer: _Layer) -> dict[str, Contender]:
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

    wrap = Accumulator(bits=8, overflow="wrap")
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
