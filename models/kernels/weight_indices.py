"""Weights as the indices with which the kernels look up sums."""

import numpy as np
from numpy.typing import NDArray

from models.kernels.paths import native

_MOST_WEIGHTS = (1 << 31) - 1
_SKIPPED = 0x8080
_ONE_LESS = 0x0202  # the next lower index, in both bytes


def weight_base(weights: NDArray[np.int8]) -> int:
    """Returns 2 for weights of -1 and 1, 3 for weights of -1, 0 and 1. Raises ValueError for others."""
    if not isinstance(weights, np.ndarray) or weights.dtype != np.int8 or not weights.size:
        raise ValueError("weights need to be an array of int8 that is not empty")
    if weights.size > _MOST_WEIGHTS:
        raise ValueError(f"weights are {weights.size} numbers; allowed are {_MOST_WEIGHTS}")
    found = np.unique(weights)
    if found[0] < -1 or found[-1] > 1:
        raise ValueError(f"weights hold {found[0]} to {found[-1]}; allowed are -1 and 1, or -1, 0 and 1")
    return 3 if 0 in found else 2


def weight_indices(weights: NDArray[np.int8], kernel: int, base: int) -> tuple[NDArray[np.uint8], int]:
    """The indices of weights (filters, rows, columns, channels) for a kernel, and the filters in whole blocks.

    A group of channels becomes the digits of one index, the first channel the least significant; see wrap_layout in
    kernels.h.
    """
    layout = native.lib.wrap_layout_of(kernel)
    filters, rows, columns, channels = weights.shape
    groups, blocks = -(-channels // layout.group), -(-filters // layout.lanes)
    digits = np.zeros((blocks * layout.lanes, rows, columns, groups * layout.group), np.int64)
    digits[:filters, ..., :channels] = (weights + 1) // (2 if base == 2 else 1)
    index = digits.reshape(-1, rows, columns, groups, layout.group) @ base ** np.arange(layout.group)
    index = index.reshape(blocks, layout.lanes, rows, columns, groups).transpose(0, 2, 4, 3, 1)
    all_zero = base**layout.group // 2 if layout.skips_zero else None
    return _encode(index, layout.index_bytes, all_zero), blocks * layout.lanes


def _encode(index: NDArray[np.int64], index_bytes: int, all_zero: int | None) -> NDArray[np.uint8]:
    """The bytes of indices. all_zero: the index of all-zero weights, where the tables have no entry for it."""
    if index_bytes == 1:
        return np.ascontiguousarray(index, dtype=np.uint8)
    bytes_of = 2 * index | (2 * index + 1) << 8
    if all_zero is not None:
        bytes_of = np.where(index == all_zero, _SKIPPED, np.where(index > all_zero, bytes_of - _ONE_LESS, bytes_of))
    return np.ascontiguousarray(bytes_of, dtype="<u2").view(np.uint8)
