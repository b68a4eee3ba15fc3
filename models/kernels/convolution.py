"""Convolutions with packed weights."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.kernels import reference
from models.kernels.outputs import Levels, Scale
from models.kernels.paths import PATHS, chosen_path, native, threads
from models.kernels.weight_indices import pack, weight_base
from models.quantization.accumulators import Accumulator, Overflow

MOST_KERNEL_ROWS = 64
"""Rows and columns that a kernel may have."""

LARGEST_SIDE = 1 << 16
"""Rows and columns of maps, with their padding, as the kernels count lanes of tables in 32 bits."""

DEFAULT_ACCUMULATOR = Accumulator(bits=8, slope=2, overflow=Overflow.WRAP)
"""Sums that wrap around in a byte, and nothing else."""

_OVERFLOWS = ("wrap", "cyclic", "relu-like")
_LARGEST_SIZE = (1 << 31) - 1
_MOST_SHAPES = 64  # of activations whose description is kept
_Shape = tuple[int, int, int, int]


class PackedConvolution:
    """A convolution of bytes whose sums wrap around: weights are packed once, for one path.

    weights: (filters, rows, columns, channels), int8, of {-1, 1} or {-1, 0, 1}. accumulator: 2 to 16 bits that wrap,
    with or without a cyclic function. stride, padding: in pixels, in both directions; the padding is zeros.
    activation_bits: 1 to 8; activations beyond them are refused. output: makes bytes of the folded sums. path: see
    `chosen_path`. Raises ValueError for anything else.
    """

    def __init__(
        self,
        weights: NDArray[np.int8],
        accumulator: Accumulator = DEFAULT_ACCUMULATOR,
        *,
        stride: int = 1,
        padding: int = 0,
        activation_bits: int = 8,
        output: Levels | Scale | None = None,
        path: str | None = None,
    ) -> None:
        self.base = weight_base(weights)
        if not isinstance(accumulator, Accumulator):
            raise ValueError(f"accumulator is {accumulator!r}; it needs to be an Accumulator")
        if not isinstance(output, Levels | Scale | None):
            raise ValueError(f"output is {output!r}; it needs to be Levels, a Scale or None")
        if weights.ndim != 4 or max(weights.shape[1:3]) > MOST_KERNEL_ROWS:
            raise ValueError(
                f"weights have the shape {weights.shape}; it needs to be (filters, rows, columns, channels), with at "
                f"most {MOST_KERNEL_ROWS} rows and columns"
            )
        _check_number("stride", stride, 1, 1 << 15)
        _check_number("padding", padding, 0, 1 << 15)
        _check_number("activation bits", activation_bits, 1, 8)
        _check_number("accumulator bits", accumulator.value_bits, 2, 16)
        if accumulator.overflow not in _OVERFLOWS or accumulator.packing == "carries":
            raise ValueError(f"accumulator is {accumulator}; it needs to wrap, without carries, by {_OVERFLOWS}")
        if output is not None and output.filters != len(weights):
            raise ValueError(f"output is for {output.filters} filters; there are {len(weights)}")
        self.weights = np.array(weights, order="C")
        self.accumulator, self.output = accumulator, output
        self.stride, self.padding, self.activation_bits = stride, padding, activation_bits
        self.path = chosen_path(path)
        self.lane_bits = 8 if accumulator.value_bits == 8 else 16
        self._kind = np.dtype("u1" if output else f"i{self.lane_bits // 8}")
        self._fits: dict[tuple[int, ...], tuple[_Shape, Any]] = {}
        if self.path != PATHS[-1]:
            self._pack()

    def __call__(self, activations: NDArray[np.uint8], out: NDArray[Any] | None = None) -> NDArray[Any]:
        """The folded sums (images, rows, columns, filters) of activations (images, rows, columns, channels).

        activations: uint8, in one piece. Sums are int8 where the accumulator has 8 bits, else int16; uint8 with an
        output. out: gets them, if given; memory of its own. Raises ValueError for other arrays, and MemoryError.
        """
        shape, described = self._fit(activations)
        if self.activation_bits < 8 and int(activations.max()) >> self.activation_bits:
            raise ValueError(
                f"activations reach {activations.max()}; {self.activation_bits} bits hold 0 to "
                f"{(1 << self.activation_bits) - 1}"
            )
        if out is None:
            out = np.empty(shape, self._kind)
        else:
            self._check_out(out, shape, activations)
        if self.path == PATHS[-1]:
            out[...] = self._with_torch(activations)
        else:
            self._with_kernels(activations, out, described)
        return out

    def _with_kernels(self, activations: NDArray[np.uint8], out: NDArray[Any], described: Any) -> None:
        failed = native.lib.wrap_convolve(
            self._kernel,
            described,
            native.ffi.from_buffer("uint8_t[]", activations),
            self._indices,
            self._finish,
            native.ffi.from_buffer(out),
            threads(),
        )
        if failed:
            raise MemoryError("not enough memory for the tables of a convolution")

    def _pack(self) -> None:
        filters, *window, channels = self.weights.shape
        described = native.ffi.new(
            "wrap_shape *",
            {"filters": filters, "channels": channels, "kernel_rows": window[0], "kernel_columns": window[1]},
        )
        self._kernel = native.lib.wrap_choose(PATHS.index(self.path), self.base, self.lane_bits, described)
        indices, padded = pack(self.weights, self._kernel, self.base)
        self._indices = native.ffi.from_buffer("uint8_t[]", indices)
        lane = np.int8 if self.lane_bits == 8 else np.int16
        finish = native.ffi.new("wrap_finish *")
        finish.bits = self.accumulator.value_bits
        finish.slope = self._slope()
        finish.one_sided = self.accumulator.overflow == "relu-like"
        arrays: dict[str, NDArray[Any]] = {}
        if isinstance(self.output, Levels):
            arrays = self.output.arrays(lane, padded)
            finish.levels = self.output.thresholds.shape[1]
        elif isinstance(self.output, Scale):
            layout = native.lib.wrap_layout_of(self._kernel)
            arrays = self.output.arrays(padded, layout.lanes if layout.interleaved else 0)
            finish.shift, finish.largest = self.output.shift, self.output.largest
        for name, array in arrays.items():
            kind = {"lowest": "uint8_t *", "multiplier": "int16_t *", "bias": "int16_t *"}.get(name, "void *")
            setattr(finish, name, native.ffi.cast(kind, array.ctypes.data))
        self._finish, self._kept = finish, arrays  # C points into the arrays

    def _slope(self) -> int:
        """The slope of the cyclic function, 0 for none; no larger than makes a difference."""
        if self.accumulator.overflow == "wrap":
            return 0
        return min(self.accumulator.slope, (1 << (self.accumulator.value_bits - 1)) - 1)

    def _with_torch(self, activations: NDArray[np.uint8]) -> NDArray[Any]:
        sums = reference.exact_sums(activations, self.weights, self.stride, self.padding)
        values = reference.fold(sums, self.accumulator)
        match self.output:
            case Levels():
                return self.output.apply(values).numpy()
            case Scale():
                return self.output.apply(values, self.accumulator.value_bits).numpy()
        return values.to(torch.int8 if self.lane_bits == 8 else torch.int16).numpy()

    def _fit(self, activations: NDArray[np.uint8]) -> tuple[_Shape, Any]:
        """The shape of the result, and of all for the kernels. Raises ValueError if the activations do not fit."""
        if not isinstance(activations, np.ndarray) or activations.dtype != np.uint8 or activations.ndim != 4:
            raise ValueError("activations need to be an array of uint8 with the axes (images, rows, columns, channels)")
        if not activations.flags.c_contiguous:
            raise ValueError("activations are not in one piece; np.ascontiguousarray makes them so")
        found = self._fits.get(activations.shape)
        if found is None:
            shape = self._shape(activations.shape)
            if len(self._fits) == _MOST_SHAPES:
                self._fits.clear()
            found = self._fits[activations.shape] = shape, self._described(activations.shape, shape)
        return found

    def _check_out(self, out: object, shape: _Shape, activations: NDArray[np.uint8]) -> None:
        if not isinstance(out, np.ndarray) or out.dtype != self._kind or out.shape != shape:
            found = f"{out.dtype} of {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
            raise ValueError(f"out is {found}; it needs to be {self._kind} of {shape}")
        if not out.flags.c_contiguous or not out.flags.writeable or np.may_share_memory(out, activations):
            raise ValueError("out needs to be in one piece, writeable, and apart from the activations")

    def _shape(self, given: tuple[int, ...]) -> _Shape:
        filters, *window, channels = self.weights.shape
        if not all(given) or given[3] != channels:
            raise ValueError(f"activations have the shape {given}; the channels need to be {channels}")
        room = [size + 2 * self.padding - extent for size, extent in zip(given[1:3], window, strict=True)]
        if min(room) < 0:
            raise ValueError(f"a kernel of {tuple(window)} does not fit maps of {given[1:3]}")
        rows, columns = (free // self.stride + 1 for free in room)
        widest = max(given[1:3]) + 2 * self.padding
        if widest > LARGEST_SIDE:
            raise ValueError(f"maps are {widest} pixels wide or high with their padding; allowed are {LARGEST_SIDE}")
        if max(given[0] * rows * columns * filters, math.prod(given)) > _LARGEST_SIZE:
            raise ValueError(f"activations of {given} are too many: 2^31 bytes of input or output, or more")
        return given[0], rows, columns, filters

    def _described(self, given: tuple[int, ...], shape: _Shape) -> Any:
        if self.path == PATHS[-1]:
            return None
        window = self.weights.shape[1:3]
        return native.ffi.new("wrap_shape *", (*given, shape[3], *window, self.stride, self.padding, *shape[1:3]))


def _check_number(name: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} is {value!r}; allowed are the integers {least} to {most}")
