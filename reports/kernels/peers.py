"""The alternatives that a Python user has: convolutions of bytes with sums of 32 bits, and of floats."""

from collections.abc import Mapping
from contextlib import suppress

from reports.bench.contenders import Call
from reports.kernels.layers import Layer
from reports.kernels.onnx_peers import onnx_convolution, openvino_convolution
from reports.kernels.torch_peers import ENGINES, byte_convolutions, float_convolution

FLOAT = "torch float"
"""The contender in floats."""

BYTE_PEERS = (*(f"torch {engine}" for engine in ENGINES), "torch _int_mm", "onnxruntime", "OpenVINO")
"""The contenders that multiply bytes and accumulate in 32 bits."""

NO_AMX = ", no AMX"
"""Ends the names of contenders that do not use AMX, on machines that have it."""

_CONVOLUTIONS = BYTE_PEERS[: len(ENGINES)]


def peers(layer: Layer) -> dict[str, Call]:
    """The peers that this machine has, by name."""
    found = byte_convolutions(layer) | {FLOAT: float_convolution(layer)}
    for name, convolution in (("onnxruntime", onnx_convolution), ("OpenVINO", openvino_convolution)):
        with suppress(ImportError):
            found[name] = convolution(layer)
    return found


def fastest_peer(milliseconds: Mapping[str, float]) -> str:
    """Torch's fastest convolution of bytes; its convolution of floats if there is none.

    A convolution that uses AMX, which multiplies matrices rather than vectors, only counts if it was not measured
    without AMX as well.
    """
    convolutions = [
        name
        for name in milliseconds
        if name.removesuffix(NO_AMX) in _CONVOLUTIONS and name + NO_AMX not in milliseconds
    ]
    return min(convolutions, key=milliseconds.__getitem__, default=FLOAT)
