"""Torch's convolutions of bytes and of floats, as contenders."""

import warnings
from contextlib import suppress

import numpy as np
import torch

from reports.bench.contenders import Call
from reports.kernels.layers import Layer

ENGINES = ("x86", "onednn", "fbgemm")
"""Torch's engines for convolutions of bytes."""


def byte_convolutions(layer: Layer) -> dict[str, Call]:
    """Torch on bytes, by name: a convolution per engine, and a matrix product without the time to make the matrix."""
    maps = torch.from_numpy(layer.maps).permute(0, 3, 1, 2)
    weights = torch.from_numpy(layer.binary).permute(0, 3, 1, 2)
    found: dict[str, Call] = {}
    for engine in ENGINES:
        if engine in torch.backends.quantized.supported_engines:
            found[f"torch {engine}"] = _quantized(engine, maps, weights)
    factors = torch.from_numpy(layer.binary.reshape(layer.channels, -1)).T
    signed = torch.from_numpy((layer.matrix() >> 1).astype(np.int8))
    with suppress(RuntimeError):  # not on every machine
        torch._int_mm(signed, factors)
        found["torch _int_mm"] = lambda: torch._int_mm(signed, factors)
    return found


def float_convolution(layer: Layer) -> Call:
    """Torch on floats, channels last."""
    convolution = torch.nn.Conv2d(layer.channels, layer.channels, 3, padding=1, bias=False)
    convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    maps = torch.from_numpy(layer.maps).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
    return lambda: convolution(maps)


def _quantized(engine: str, maps: torch.Tensor, weights: torch.Tensor) -> Call:
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
