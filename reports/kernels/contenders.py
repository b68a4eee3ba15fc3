"""The kernels as contenders: every path, fused outputs, two threads, a matrix product, and code without vectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.kernels import Levels, PackedConvolution, PackedProduct, Scale, available_paths, set_threads
from models.kernels.geometry import Geometry
from models.kernels.native_convolution import native_shape
from models.kernels.paths import TORCH, native
from models.quantization.accumulators import Accumulator, Overflow
from reports.bench.contenders import Call
from reports.kernels.layers import Layer
from reports.kernels.limits import KINDS

NAIVE = "naive loop"
"""The contender of one multiplication at a time."""

SLOW = ("binary 8 swar", "ternary 8 swar", NAIVE)
"""The contenders without vector instructions."""

_LEVELS = 7  # of 3 bits


def kernels(layer: Layer) -> dict[str, Call]:
    """Every kernel on every path with vector instructions, and variants of the fastest, by name."""
    found: dict[str, Call] = {}
    for path in available_paths():
        if path in ("swar", TORCH):
            continue
        for name, base, bits in KINDS:
            weights = layer.binary if base == 2 else layer.ternary
            found[f"{name} {path}"] = _convolution(
                layer, weights, Accumulator(bits=bits, overflow=Overflow.WRAP), path=path
            )
    fastest = available_paths()[0]
    single = found[f"binary 8 {fastest}"]
    return {
        **found,
        **_fused(layer, fastest),
        f"binary 8 {fastest}, two threads": _with_two_threads(single),
        f"binary 8 {fastest}, matrix": _product(layer, fastest),
    }


def kernels_without_vectors(layer: Layer) -> dict[str, Call]:
    """Table 2.8: several sums in a 64-bit word, and one multiplication at a time."""
    wrap = Accumulator(bits=8, overflow=Overflow.WRAP)
    calls = (
        _convolution(layer, layer.binary, wrap, path="swar"),
        _convolution(layer, layer.ternary, wrap, path="swar"),
        _naive(layer),
    )
    return dict(zip(SLOW, calls, strict=True))


def _convolution(layer: Layer, weights: NDArray[np.int8], accumulator: Accumulator, **options: Any) -> Call:
    packed = PackedConvolution(weights, accumulator, padding=1, **options)
    out = packed(layer.maps)
    return lambda: packed(layer.maps, out)


def _fused(layer: Layer, path: str) -> dict[str, Call]:
    """The cyclic activation and an output in bytes, computed with the convolution."""
    cyclic = Accumulator(bits=8, slope=2)
    edges = np.linspace(-100, 100, _LEVELS).astype(np.int16)
    levels = Levels(np.tile(edges, (layer.channels, 1)), np.ones(layer.channels, np.int8))
    scale = Scale(np.full(layer.channels, 20_000, np.int16), np.zeros(layer.channels, np.int16))
    return {
        f"binary 8 {path}, cyclic, {kind}": _convolution(layer, layer.binary, cyclic, output=output, path=path)
        for kind, output in (("levels", levels), ("scale", scale))
    }


def _with_two_threads(call: Call) -> Call:
    def with_two_threads() -> None:
        set_threads(2)
        call()
        set_threads(1)

    return with_two_threads


def _product(layer: Layer, path: str) -> Call:
    """The convolution as a matrix product, without the time to make the matrix."""
    matrix = layer.matrix()
    product = PackedProduct(layer.binary.reshape(layer.channels, -1), path=path)
    return lambda: product(matrix)


def _naive(layer: Layer) -> Call:
    channels = layer.channels
    geometry = Geometry(filters=channels, kernel_rows=3, kernel_columns=3, channels=channels, stride=1, padding=1)
    shape = native_shape(geometry, layer.maps.shape)
    sums = np.empty((1, layer.size, layer.size, channels), np.int32)
    arrays = (("uint8_t *", layer.maps), ("int8_t *", layer.binary), ("int32_t *", sums))

    def naive() -> None:
        native.lib.wrap_naive(shape, *(native.ffi.cast(kind, array.ctypes.data) for kind, array in arrays))

    return naive
