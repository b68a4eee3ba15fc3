"""Shapes of convolutions: which activations fit a kernel, and what they lead to."""

import math
from dataclasses import dataclass

MOST_KERNEL_ROWS = 64
"""Rows and columns that a kernel may have."""

LARGEST_SIDE = 1 << 16
"""Rows and columns that a map may have with its padding, since the C kernels count lanes of tables in 32 bits."""

_LARGEST_SIZE = (1 << 31) - 1

MapShape = tuple[int, int, int, int]
"""Images, rows, columns, and channels or filters."""


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """A convolution's filters, kernel and strides.

    stride, padding: in pixels, the same in both directions. Raises ValueError for a stride or padding that is not
    allowed.
    """

    filters: int
    kernel_rows: int
    kernel_columns: int
    channels: int
    stride: int
    padding: int

    def __post_init__(self) -> None:
        check_integer("stride", self.stride, 1, 1 << 15)
        check_integer("padding", self.padding, 0, 1 << 15)

    def output_shape(self, given: tuple[int, ...]) -> MapShape:
        """The shape (images, rows, columns, filters) for activations (images, rows, columns, channels).

        Raises ValueError if the kernel does not fit them, or if they are too large.
        """
        if not all(given) or given[3] != self.channels:
            raise ValueError(f"activations have the shape {given}; the channels need to be {self.channels}")
        window = (self.kernel_rows, self.kernel_columns)
        room = [size + 2 * self.padding - extent for size, extent in zip(given[1:3], window, strict=True)]
        if min(room) < 0:
            raise ValueError(f"a kernel of {window} does not fit maps of {given[1:3]}")
        rows, columns = (free // self.stride + 1 for free in room)
        widest = max(given[1:3]) + 2 * self.padding
        if widest > LARGEST_SIDE:
            raise ValueError(f"maps are {widest} pixels wide or high with their padding; allowed are {LARGEST_SIDE}")
        if max(given[0] * rows * columns * self.filters, math.prod(given)) > _LARGEST_SIZE:
            raise ValueError(f"activations of {given} are too many: 2^31 bytes of input or output, or more")
        return given[0], rows, columns, self.filters


@dataclass(frozen=True)
class Pool:
    """The square windows of a max pool: kernel, stride and padding, in pixels.

    Raises ValueError for a kernel below 1 or above MOST_KERNEL_ROWS, a stride below 1, or a padding of more than half a
    kernel.
    """

    kernel: int
    stride: int
    padding: int

    def __post_init__(self) -> None:
        check_integer("kernel of the pool", self.kernel, 1, MOST_KERNEL_ROWS)
        check_integer("stride of the pool", self.stride, 1, 1 << 15)
        check_integer("padding of the pool", self.padding, 0, self.kernel // 2)

    def output_shape(self, given: MapShape) -> MapShape:
        """The shape of the output for maps (images, rows, columns, channels). Raises ValueError if no window fits."""
        images, *sizes, channels = given
        room = [size + 2 * self.padding - self.kernel for size in sizes]
        if min(room) < 0:
            raise ValueError(f"a pool of {self.kernel} x {self.kernel} does not fit maps of {tuple(sizes)}")
        rows, columns = (free // self.stride + 1 for free in room)
        return images, rows, columns, channels


def check_integer(name: str, value: object, least: int, most: int) -> None:
    """Raises ValueError, naming the parameter, unless value is an integer from least to most."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} is {value!r}; allowed are the integers {least} to {most}")
