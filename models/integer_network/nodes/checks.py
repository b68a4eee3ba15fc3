"""Checks of nodes' parameters and inputs. All raise ValueError, naming what they refuse."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.integer_network.nodes.node import Integers

SIZES = range(1, 1 << 15)
"""Allowed kernels and strides."""

PADDINGS = range(1 << 15)
"""Allowed paddings."""


ZERO_POINTS = range(1 << 8)
"""Allowed zero points."""


LARGEST_SUM = (1 << 31) - 1
"""Largest magnitude of a sum."""


def check_number(name: str, value: object, allowed: range) -> None:
    """Refuses anything but an integer within `allowed`."""
    if type(value) is not int or value not in allowed:
        steps = "odd integers" if allowed.step == 2 else "integers"
        raise ValueError(f"{name} is {value!r}; allowed are the {steps} {allowed[0]} to {allowed[-1]}")


def check_integers(name: str, value: object) -> None:
    """Refuses anything but an array of signed integers that is not empty."""
    if not isinstance(value, np.ndarray) or not np.issubdtype(value.dtype, np.signedinteger) or value.size == 0:
        raise ValueError(f"{name} needs to be an array of signed integers that is not empty")


def check_axes(name: str, value: NDArray[Any], axes: int) -> None:
    """Refuses an array of another number of axes."""
    if value.ndim != axes:
        raise ValueError(f"{name} has the shape {value.shape}; it needs {axes} axes")


def check_map(inputs: Integers) -> None:
    """Refuses inputs that are not maps."""
    if len(inputs.shape) != 3:
        raise ValueError(f"inputs have the shape {inputs.shape}; the node takes maps (channels, height, width)")


def window_counts(shape: tuple[int, ...], kernel: tuple[int, ...], stride: int, padding: int) -> tuple[int, ...]:
    """Number of windows in each direction of a map (channels, height, width). Refuses windows that do not fit it."""
    room = [size + 2 * padding - extent for size, extent in zip(shape[1:], kernel, strict=True)]
    if min(room) < 0:
        raise ValueError(f"a window of {kernel} does not fit maps of {shape[1:]} with padding {padding}")
    return tuple(free // stride + 1 for free in room)
