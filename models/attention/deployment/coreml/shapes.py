"""Core ML's operations that move values about, in torch."""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.attention.deployment.coreml.arguments import Arguments

_DTYPES = {"fp16": torch.float16, "fp32": torch.float32, "int32": torch.int32, "bool": torch.bool}


def reshape(given: Arguments) -> Tensor:
    """`reshape`; a size of 0 keeps that of its axis."""
    values = given.tensor("x")
    return values.reshape(
        [values.shape[axis] if size == 0 else size for axis, size in enumerate(given.integers("shape"))]
    )


def transpose(given: Arguments) -> Tensor:
    """`transpose`."""
    return given.tensor("x").permute(given.integers("perm"))


def sliced(given: Arguments) -> Tensor:
    """Elements begin, begin + stride ... before end, of each axis; a mask frees the bound of its axis."""
    values = given.tensor("x")
    begins, ends = given.integers("begin"), given.integers("end")
    none = [0] * values.ndim
    free_begins, free_ends, squeezed = (
        given.integers(name, none) for name in ("begin_mask", "end_mask", "squeeze_mask")
    )
    steps = given.integers("stride", [1] * values.ndim)
    index: list[int | slice] = []
    for axis in range(values.ndim):
        if squeezed[axis]:
            index.append(begins[axis])
        else:
            begin = None if free_begins[axis] else begins[axis]
            index.append(slice(begin, None if free_ends[axis] else ends[axis], steps[axis]))
    return values[tuple(index)]


def concatenated(given: Arguments) -> Tensor:
    """`concat`. Raises ValueError for interleaved values."""
    if given.flag("interleave"):
        raise ValueError("concat interleaves; the evaluator knows no such operation")
    return torch.cat(given.tensors("values"), given.integer("axis"))


def split(given: Arguments) -> tuple[Tensor, ...]:
    """`split` in parts of equal or given sizes."""
    values, axis = given.tensor("x"), given.integer("axis")
    if given.has("split_sizes"):
        return torch.split(values, given.integers("split_sizes"), axis)
    return values.chunk(given.integer("num_splits"), axis)


def padded(given: Arguments) -> Tensor:
    """`pad` with a constant. Raises ValueError for other modes."""
    mode = given.text("mode", "constant")
    if mode != "constant":
        raise ValueError(f"pad has mode {mode!r}; the evaluator knows 'constant'")
    pads = given.integers("pad")
    ordered = [pad for axis in reversed(range(len(pads) // 2)) for pad in pads[2 * axis : 2 * axis + 2]]
    return F.pad(given.tensor("x"), ordered, value=given.number("constant_val"))


def expanded(given: Arguments) -> Tensor:
    """`expand_dims`."""
    values, axes = given.tensor("x"), given.integers("axes")
    for axis in sorted(axis % (values.ndim + len(axes)) for axis in axes):
        values = values.unsqueeze(axis)
    return values


def squeezed(given: Arguments) -> Tensor:
    """`squeeze`."""
    values = given.tensor("x")
    return values.squeeze(given.integers("axes")) if given.has("axes") else values.squeeze()


def cast(given: Arguments) -> Tensor:
    """`cast`. Raises ValueError for an unknown type."""
    name = given.text("dtype", "")
    if name not in _DTYPES:
        raise ValueError(f"cast is to {name!r}; the evaluator knows {', '.join(_DTYPES)}")
    return given.tensor("x").to(_DTYPES[name])
