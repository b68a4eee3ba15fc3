"""What follows a layer's sums: the accumulator's function, the scale and the overflow penalty, as one function.

A training step runs it on every sum, so it is fused: in C on a CPU, by torch.compile on a GPU. Without a compiler it
runs as the operations that it is made of, and gives the same bits.
"""

import shutil
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from models.arithmetic import differentiable
from models.quantization.accumulators import Accumulator, Overflow
from models.quantization.channels import per_channel
from models.quantization.straight_through import straight_through

native: Any = import_module("models.quantization._native") if find_spec("models.quantization._native") else None
"""The compiled functions, or None."""

_KINDS = {Overflow.WRAP: 0, Overflow.CYCLIC: 1, Overflow.RELU_LIKE: 2, Overflow.ABSOLUTE: 3}
_LARGEST_SLOPE = 1 << 20


def emulate(
    sums: Tensor, scale: Tensor, accumulator: Accumulator, *, rounded: bool = False, penalised: bool = False
) -> tuple[Tensor, Tensor | None]:
    """The accumulator's function of the sums, times the scale of their channel; and the overflow penalty, if asked for.

    sums: (batch, channels, ...), float32, which may be overwritten. scale: (channels,). rounded: whether sums are
    rounded to integers first, since fast algorithms miss them slightly. penalised: whether the mean excess of the
    sums' magnitudes over 2^(bits-1) is computed, too (section 2.3.2).
    """
    if torch.compiler.is_compiling():
        return emulate_plainly(sums, scale, accumulator, rounded=rounded, penalised=penalised)
    if sums.is_cuda and _can_compile():
        return _compiled()(sums, scale, accumulator, rounded=rounded, penalised=penalised)
    if not rounded and _suits_native(sums, scale, accumulator):
        output, penalty = _Native.apply(sums, scale, accumulator, penalised)  # type: ignore[no-untyped-call]
        return output, penalty if penalised else None
    return emulate_plainly(sums, scale, accumulator, rounded=rounded, penalised=penalised)


def emulate_plainly(
    sums: Tensor, scale: Tensor, accumulator: Accumulator, *, rounded: bool = False, penalised: bool = False
) -> tuple[Tensor, Tensor | None]:
    """The same as the operations that it is made of, one after another."""
    if rounded:
        sums = straight_through(sums, sums.round())
    penalty = differentiable.overflow_penalty(sums, accumulator.value_bits) if penalised else None
    return per_channel(scale, sums) * accumulator.apply(sums), penalty


def _suits_native(sums: Tensor, scale: Tensor, accumulator: Accumulator) -> bool:
    """Whether the C functions take these; they have no gradient for the scale."""
    return (
        native is not None
        and accumulator.overflow is not Overflow.EXACT
        and accumulator.slope <= _LARGEST_SLOPE
        and sums.device.type == "cpu"
        and sums.dtype == scale.dtype == torch.float32
        and sums.dim() >= 2
        and sums.numel() > 0
        and not scale.requires_grad
        and (sums.is_contiguous() or _channels_last(sums))
    )


def _channels_last(tensor: Tensor) -> bool:
    return tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)


class _Native(torch.autograd.Function):
    """The C functions; keeps a byte a sum for the gradient."""

    @staticmethod
    def forward(
        ctx: Any, sums: Tensor, scale: Tensor, accumulator: Accumulator, penalised: bool
    ) -> tuple[Tensor, Tensor]:
        described = _described(sums, accumulator)
        scale = scale.contiguous()
        codes = torch.empty_like(sums, dtype=torch.int8)
        excess = native.ffi.new("double *") if penalised else native.ffi.NULL
        failed = native.lib.wrap_emulate(described, _floats(sums), _floats(scale), _floats(sums), _bytes(codes), excess)
        if failed:
            raise MemoryError("not enough memory for the parts of an overflow penalty")
        ctx.mark_dirty(sums)
        ctx.save_for_backward(codes, scale)
        ctx.described = described
        return sums, torch.tensor(excess[0] / sums.numel() if penalised else 0.0, dtype=sums.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, push: Tensor) -> tuple[Tensor, None, None, None]:
        codes, scale = ctx.saved_tensors
        same_layout = gradient.stride() == codes.stride()
        gradient = gradient if same_layout else torch.empty_strided(codes.shape, codes.stride()).copy_(gradient)
        result = torch.empty_like(gradient)
        native.lib.wrap_emulate_backward(
            ctx.described,
            _bytes(codes),
            _floats(scale),
            _floats(gradient),
            (push / codes.numel()).item(),
            _floats(result),
        )
        return result, None, None, None


def _described(sums: Tensor, accumulator: Accumulator) -> Any:
    batch, channels, *rest = sums.shape
    inner = torch.Size(rest).numel()
    outer, inner = (batch * inner, 1) if not sums.is_contiguous() else (batch, inner)
    kind, bits, slope = _KINDS[accumulator.overflow], accumulator.value_bits, float(accumulator.slope)
    return native.ffi.new("wrap_emulation *", (outer, channels, inner, kind, bits, slope, torch.get_num_threads()))


def _floats(tensor: Tensor) -> Any:
    return native.ffi.cast("float *", tensor.data_ptr())


def _bytes(tensor: Tensor) -> Any:
    return native.ffi.cast("int8_t *", tensor.data_ptr())


@cache
def _can_compile() -> bool:
    """Whether torch.compile can make GPU kernels here: it takes Triton and a C compiler."""
    return find_spec("triton") is not None and any(map(shutil.which, ("cc", "gcc", "clang")))


@cache
def _compiled() -> Callable[..., tuple[Tensor, Tensor | None]]:
    return torch.compile(emulate_plainly, dynamic=True)
