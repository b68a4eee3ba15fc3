"""Convolutions with packed weights."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.kernels import reference
from models.kernels.fit import Fit
from models.kernels.geometry import MOST_KERNEL_ROWS, Geometry, MapShape, check_integer
from models.kernels.native_convolution import NativeConvolution
from models.kernels.outputs import Levels, Scale
from models.kernels.paths import TORCH, chosen_path
from models.kernels.tape import Tape
from models.kernels.weight_indices import weight_base
from models.quantization.accumulators import Accumulator, Overflow, Packing

DEFAULT_ACCUMULATOR = Accumulator(bits=8, slope=2, overflow=Overflow.WRAP)
"""Sums that wrap around in a byte, without a cyclic function."""

_OVERFLOWS = (Overflow.WRAP, Overflow.CYCLIC, Overflow.RELU_LIKE)


class PackedConvolution:
    """A convolution of bytes whose sums wrap around, with weights packed once for one path.

    weights: (filters, rows, columns, channels), int8, of {-1, 1} or {-1, 0, 1}. accumulator: 2 to 16 bits that wrap,
    with or without a cyclic function. stride, padding: in pixels, the same in both directions; padding is with zeros.
    activation_bits: 1 to 8; larger activations are refused. output: turns the folded sums into bytes. path: see
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
        if weights.ndim != 4 or max(weights.shape[1:3]) > MOST_KERNEL_ROWS:
            raise ValueError(
                f"weights have the shape {weights.shape}; it needs to be (filters, rows, columns, channels), with at "
                f"most {MOST_KERNEL_ROWS} rows and columns"
            )
        filters, rows, columns, channels = weights.shape
        self._geometry = Geometry(
            filters=filters,
            kernel_rows=rows,
            kernel_columns=columns,
            channels=channels,
            stride=stride,
            padding=padding,
        )
        check_integer("activation bits", activation_bits, 1, 8)
        _check_accumulator(accumulator)
        _check_output(output, filters)
        self.weights = np.array(weights, order="C")
        self.accumulator, self.output = accumulator, output
        self.stride, self.padding, self.activation_bits = stride, padding, activation_bits
        self.path = chosen_path(path)
        self.lane_bits = 8 if accumulator.value_bits == 8 else 16
        self._kind = np.dtype("u1" if output else f"i{self.lane_bits // 8}")
        self._native = None if self.path == TORCH else self._packed()
        self._fit = Fit(self._geometry, native=self._native is not None)

    def __call__(self, activations: NDArray[np.uint8], out: NDArray[Any] | None = None) -> NDArray[Any]:
        """The folded sums (images, rows, columns, filters) of activations (images, rows, columns, channels).

        activations: uint8, C-contiguous. Sums are int8 for accumulators of 8 bits, else int16; uint8 with an `output`.
        out: receives the sums, if given; it must not share memory with the activations. Raises ValueError for other
        arrays, and MemoryError.
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
        if self._native is None:
            out[...] = self._by_torch(activations)
        else:
            self._native.call(activations, out, described)()
        return out

    def on_tape(self, tape: Tape, activations: NDArray[np.uint8]) -> NDArray[Any]:
        """The same, recorded on a tape; whether activations keep to `activation_bits` is not checked."""
        shape, described = self._fit(activations)
        if self._native is None:
            return tape.compute(lambda arrays: self._by_torch(arrays[0]), [activations])
        out = tape.empty(shape, self._kind)
        tape.run(self._native.call(activations, out, described))
        return out

    def _by_torch(self, activations: NDArray[np.uint8]) -> NDArray[Any]:
        return reference.convolve(activations, self.weights, self.stride, self.padding, self.accumulator, self.output)

    def _packed(self) -> NativeConvolution:
        return NativeConvolution(
            self.weights,
            self._geometry,
            self.accumulator,
            self.output,
            base=self.base,
            lane_bits=self.lane_bits,
            path=self.path,
        )

    def _check_out(self, out: object, shape: MapShape, activations: NDArray[np.uint8]) -> None:
        if not isinstance(out, np.ndarray) or out.dtype != self._kind or out.shape != shape:
            found = f"{out.dtype} of {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
            raise ValueError(f"out is {found}; it needs to be {self._kind} of {shape}")
        if not out.flags.c_contiguous or not out.flags.writeable or np.may_share_memory(out, activations):
            raise ValueError("out needs to be C-contiguous, writeable, and apart from the activations")


def takes(accumulator: Accumulator) -> bool:
    """Whether the kernels compute these sums: up to 16 bits that wrap, without carries between lanes."""
    wraps = accumulator.overflow in _OVERFLOWS and accumulator.packing is not Packing.CARRIES
    return wraps and accumulator.value_bits <= 16


def _check_accumulator(accumulator: object) -> None:
    if not isinstance(accumulator, Accumulator):
        raise ValueError(f"accumulator is {accumulator!r}; it needs to be an Accumulator")
    check_integer("accumulator bits", accumulator.value_bits, 2, 16)
    if not takes(accumulator):
        allowed = ", ".join(_OVERFLOWS)
        raise ValueError(f"accumulator is {accumulator}; it needs to wrap, without carries: overflow {allowed}")


def _check_output(output: object, filters: int) -> None:
    if not isinstance(output, Levels | Scale | None):
        raise ValueError(f"output is {output!r}; it needs to be Levels, a Scale or None")
    if output is not None and output.filters != filters:
        raise ValueError(f"output is for {output.filters} filters; there are {filters}")
