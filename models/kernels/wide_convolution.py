"""Convolutions of bytes with weights of up to 8 bits; sums are exact in 32 bits, whatever the accumulator then does."""

from dataclasses import astuple
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.integer_network.nodes.checks import LARGEST_SUM
from models.kernels.calls import Call
from models.kernels.convolution import takes
from models.kernels.fit import Fit
from models.kernels.geometry import MOST_KERNEL_ROWS, Geometry, Pool, check_integer
from models.kernels.layouts import LARGEST_BYTE
from models.kernels.paths import PATHS, TORCH, chosen_path, native
from models.kernels.reference import exact_sums, fold
from models.kernels.scaled_levels import ScaledLevels
from models.kernels.tape import Tape
from models.kernels.wide_finish import WideFinish, filled_up
from models.quantization.accumulators import Accumulator, Overflow

EXACT = Accumulator(bits=32, overflow=Overflow.EXACT)


class WideConvolution:
    """A convolution of bytes with int8 weights (filters, rows, columns, channels), packed once for one path.

    accumulator: exact, or of 2 to 16 bits that wrap, with or without a cyclic function. zero_point: the byte that
    counts as 0; the padding consists of it. output: turns the sums into levels. pool: keeps the largest level of each
    window; it needs exact sums and levels that rise with them. path: see `chosen_path`. Raises ValueError for anything
    else, and for sums that could exceed 32 bits.
    """

    def __init__(
        self,
        weights: NDArray[np.int8],
        accumulator: Accumulator = EXACT,
        *,
        stride: int = 1,
        padding: int = 0,
        zero_point: int = 0,
        output: ScaledLevels | None = None,
        pool: Pool | None = None,
        path: str | None = None,
    ) -> None:
        if not isinstance(weights, np.ndarray) or weights.dtype != np.int8 or weights.ndim != 4 or not weights.size:
            raise ValueError("weights need to be an array of int8 (filters, rows, columns, channels)")
        if max(weights.shape[1:3]) > MOST_KERNEL_ROWS:
            raise ValueError(f"a kernel of {weights.shape[1:3]}; allowed are {MOST_KERNEL_ROWS} rows and columns")
        check_integer("zero point", zero_point, 0, LARGEST_BYTE)
        if accumulator.overflow is not Overflow.EXACT and not takes(accumulator):
            raise ValueError(f"accumulator is {accumulator}; it needs to be exact, or to wrap in up to 16 bits")
        if not sums_fit(weights):
            raise ValueError(f"sums reach {_largest_sum(weights)}; 32 bits do not hold them with their zero point")
        if output is not None and output.filters != len(weights):
            raise ValueError(f"output is for {output.filters} filters; there are {len(weights)}")
        if pool is not None and (output is None or (output.scale < 0).any()):
            raise ValueError("a pool needs levels that rise with the sums")
        if pool is not None and accumulator.overflow is not Overflow.EXACT:
            raise ValueError(f"accumulator is {accumulator}; before a pool it needs to be exact")
        filters, rows, columns, channels = weights.shape
        geometry = Geometry(
            filters=filters,
            kernel_rows=rows,
            kernel_columns=columns,
            channels=channels,
            stride=stride,
            padding=padding,
        )
        self.weights, self.accumulator, self.output, self.pool = weights.copy(), accumulator, output, pool
        self.stride, self.padding, self.zero_point = stride, padding, zero_point
        self.path = chosen_path(path)
        self._kind = np.dtype(np.int32) if output is None else output.kind
        if self.path != TORCH:
            self._number = PATHS.index(self.path)
            self._packed = native.ffi.from_buffer(packed_weights(weights, native.lib.wrap_wide_layout_of(self._number)))
            self._finish = WideFinish(self._offset(), accumulator, output, pool)
        self._fit = Fit(geometry, native=self.path != TORCH)

    def __call__(self, activations: NDArray[np.uint8]) -> NDArray[Any]:
        """The sums, int32, or levels (images, rows, columns, filters) of activations (images, rows, columns, channels).

        activations: uint8, C-contiguous. Raises ValueError for other arrays, and MemoryError.
        """
        return self.on_tape(Tape(), activations)

    def on_tape(self, tape: Tape, activations: NDArray[np.uint8]) -> NDArray[Any]:
        """The same, recorded on a tape."""
        shape, described = self._fit(activations)
        shape = self.pool.output_shape(shape) if self.pool else shape
        if self.path == TORCH:
            return tape.compute(lambda arrays: self._by_torch(arrays[0]), [activations])
        out = tape.empty(shape, self._kind)
        call = Call(
            "WIDE_CONVOLVE",
            owner=self,
            number=self._number,
            shape=described,
            zero_point=self.zero_point,
            input=activations,
            second=self._packed,
            finish=self._finish.described,
            output=out,
        )
        tape.run(call)
        return out

    def _by_torch(self, activations: NDArray[np.uint8]) -> NDArray[Any]:
        around = ((0, 0), (self.padding, self.padding), (self.padding, self.padding), (0, 0))
        padded = np.pad(activations, around, constant_values=self.zero_point)
        sums = exact_sums(padded, self.weights, self.stride, 0) - torch.from_numpy(self._offset())
        values = sums if self.accumulator.overflow is Overflow.EXACT else fold(sums, self.accumulator)
        if self.pool:
            maps = values.double().permute(0, 3, 1, 2)
            values = torch.nn.functional.max_pool2d(maps, *astuple(self.pool)).permute(0, 2, 3, 1).long()
        found = values.numpy()
        return found.astype(np.int32) if self.output is None else self.output.apply(found)

    def _offset(self) -> NDArray[np.int64]:
        sums: NDArray[np.int64] = self.weights.astype(np.int64).sum((1, 2, 3))
        return self.zero_point * sums


def sums_fit(weights: NDArray[np.integer]) -> bool:
    """Whether 32 bits hold the sums of bytes times weights (filters, ...), less any zero point."""
    return 2 * _largest_sum(weights) <= LARGEST_SUM


def _largest_sum(weights: NDArray[np.integer]) -> int:
    return LARGEST_BYTE * int(np.abs(weights.reshape(len(weights), -1).astype(np.int64)).sum(1).max())


def packed_weights(weights: NDArray[np.int8], layout: Any) -> NDArray[Any]:
    """Weights (filters, rows, columns, channels) in the order that wrap_wide_layout in kernels.h describes."""
    filters, rows = weights.shape[:2]
    taps = weights.reshape(filters, rows, -1)
    groups = np.pad(taps, ((0, 0), (0, 0), (0, -taps.shape[2] % layout.group)))
    groups = filled_up(groups.reshape(filters, rows, -1, layout.group))
    blocks = [groups[start : start + layout.lanes] for start in range(0, len(groups), layout.lanes)]
    kind = np.int8 if layout.weight_bytes == 1 else np.int16
    return np.concatenate([block.transpose(1, 2, 0, 3).ravel() for block in blocks]).astype(kind)
