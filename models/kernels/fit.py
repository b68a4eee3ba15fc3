"""Which activations a layer takes, and what follows from their shape."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.kernels.geometry import Geometry, MapShape
from models.kernels.native_convolution import native_shape

_MOST_SHAPES = 64  # of activations, kept with what follows from them


class Fit:
    """Checks activations of a layer, and remembers what follows from their shapes. native: for a kernel in C."""

    def __init__(self, geometry: Geometry, *, native: bool) -> None:
        self._geometry, self._native = geometry, native
        self._shapes: dict[tuple[int, ...], tuple[MapShape, Any]] = {}

    def __call__(self, activations: NDArray[np.uint8]) -> tuple[MapShape, Any]:
        """The shape of the output, and the whole convolution as C takes it. Raises ValueError for a misfit."""
        if not isinstance(activations, np.ndarray) or activations.dtype != np.uint8 or activations.ndim != 4:
            raise ValueError("activations need to be an array of uint8 with the axes (images, rows, columns, channels)")
        if not activations.flags.c_contiguous:
            raise ValueError("activations are not C-contiguous; np.ascontiguousarray makes them so")
        found = self._shapes.get(activations.shape)
        if found is None:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            described = native_shape(self._geometry, activations.shape) if self._native else None
            found = self._shapes[activations.shape] = self._geometry.output_shape(activations.shape), described
        return found
