"""Emulation of accumulators in C, on a CPU."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from models.quantization.accumulators import Accumulator, Overflow

native: Any = import_module("models.quantization._native") if find_spec("models.quantization._native") else None
"""The compiled functions, or None."""

_KINDS = {Overflow.WRAP: 0, Overflow.CYCLIC: 1, Overflow.RELU_LIKE: 2, Overflow.ABSOLUTE: 3}


def takes(sums: Tensor) -> bool:
    """Whether the C functions can run on these sums: on the CPU, in one piece."""
    if native is None or sums.device.type != "cpu":
        return False
    return sums.is_contiguous() or (sums.dim() == 4 and sums.is_contiguous(memory_format=torch.channels_last))


def forward(
    sums: Tensor, scale: Tensor, accumulator: Accumulator, *, rounded: bool, penalised: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """See models.quantization.emulation.FusedEmulation; overwrites the sums, which need no rounding on a CPU."""
    assert not rounded
    scale = scale.contiguous()
    codes = torch.empty_like(sums, dtype=torch.int8)
    excess = native.ffi.new("double *") if penalised else native.ffi.NULL
    failed = native.lib.wrap_emulate(
        _described(sums, accumulator), _floats(sums), _floats(scale), _floats(sums), _bytes(codes), excess
    )
    if failed:
        raise MemoryError("not enough memory for the parts of an overflow penalty")
    penalty = excess[0] / sums.numel() if penalised else 0.0
    return sums, codes, torch.tensor(penalty, dtype=sums.dtype)


def backward(
    codes: Tensor, scale: Tensor, accumulator: Accumulator, gradient: Tensor, penalty_gradient: Tensor
) -> Tensor:
    """See models.quantization.emulation.FusedEmulation."""
    if gradient.stride() != codes.stride():
        gradient = torch.empty_strided(codes.shape, codes.stride()).copy_(gradient)
    result = torch.empty_like(gradient)
    push = (penalty_gradient / codes.numel()).item()
    scale = scale.contiguous()
    native.lib.wrap_emulate_backward(
        _described(codes, accumulator), _bytes(codes), _floats(scale), _floats(gradient), push, _floats(result)
    )
    return result


def _described(sums: Tensor, accumulator: Accumulator) -> Any:
    batch, channels, *rest = sums.shape
    inner = torch.Size(rest).numel()
    outer, inner = (batch, inner) if sums.is_contiguous() else (batch * inner, 1)
    kind, bits, slope = _KINDS[accumulator.overflow], accumulator.value_bits, float(accumulator.slope)
    return native.ffi.new("wrap_emulation *", (outer, channels, inner, kind, bits, slope, torch.get_num_threads()))


def _floats(tensor: Tensor) -> Any:
    return native.ffi.cast("float *", tensor.data_ptr())


def _bytes(tensor: Tensor) -> Any:
    return native.ffi.cast("int8_t *", tensor.data_ptr())
