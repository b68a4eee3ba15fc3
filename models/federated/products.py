"""Exact products of 8-bit integers, and how activations become such integers."""

import time
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from models.quantization.formats import Uniform

_LARGEST = Uniform(8).largest
_EXACT_INPUTS = (1 << 24) // _LARGEST**2  # whose products float32 adds up without rounding: 1,040
_TRIED_SHAPES = ((32, 512, 512), (3, 37, 8), (65, 1024, 24))  # rows, inputs, outputs
_TIMED_SHAPE = (128, 256, 256)
_TIMED_RUNS = 3


def frame_scale(frames: Tensor) -> Tensor:
    """The scale (..., 1) with which each frame (..., features) fills 8 bits; 1 for a frame of zeros."""
    scale = frames.abs().amax(-1, keepdim=True) / _LARGEST
    return torch.where(scale == 0, torch.ones_like(scale), scale)  # NaN stays


def integer_product(left: Tensor, right: Tensor) -> Tensor:
    """The sums (rows, outputs), in int32, of int8 from -127 to 127: left (rows, inputs), right (outputs, inputs)."""
    if left.device.type == "cpu" and torch_product_is_exact() and torch_product_is_quick():
        return _by_torch(left, right)
    return _by_floats(left, right)


@cache
def torch_product_is_quick() -> bool:
    """Whether torch multiplies int8 faster than float32; processors without VNNI can be 20 times as slow.

    Both results are exact, so a wrong guess on a busy machine costs time alone.
    """
    rows, inputs, outputs = _TIMED_SHAPE
    left, right = torch.ones(rows, inputs, dtype=torch.int8), torch.ones(outputs, inputs, dtype=torch.int8)
    return _seconds(_by_torch, left, right) < _seconds(_by_floats, left, right)


def _seconds(product: Callable[[Tensor, Tensor], Tensor], left: Tensor, right: Tensor) -> float:
    """The shortest of several runs, after one that is not counted."""
    times = []
    for _ in range(_TIMED_RUNS + 1):
        started = time.perf_counter()
        product(left, right)
        times.append(time.perf_counter() - started)
    return min(times[1:])


@cache
def torch_product_is_exact() -> bool:
    """Whether torch multiplies int8 without saturation, with the instructions that oneDNN uses here.

    Without VNNI it adds two products in 16 bits, which the largest operands exceed. So they are tried.
    """
    return all(_is_exact(*shape) for shape in _TRIED_SHAPES)


def _is_exact(rows: int, inputs: int, outputs: int) -> bool:
    largest = torch.full((rows, inputs), _LARGEST, dtype=torch.int8)
    sums = inputs * _LARGEST**2
    for sign in (1, -1):
        for other in (1, -1):
            right = torch.full((outputs, inputs), other * _LARGEST, dtype=torch.int8)
            if not (_by_torch(sign * largest, right) == sign * other * sums).all():
                return False
    return True


def _by_torch(left: Tensor, right: Tensor) -> Tensor:
    return torch._int_mm(left, right.t())


def _by_floats(left: Tensor, right: Tensor) -> Tensor:
    """In float32, over as many inputs at a time as it adds up exactly."""
    total = torch.zeros(len(left), len(right), dtype=torch.int32, device=left.device)
    for first in range(0, left.shape[1], _EXACT_INPUTS):
        some = slice(first, first + _EXACT_INPUTS)
        total += (left[:, some].float() @ right[:, some].float().t()).to(torch.int32)
    return total
