"""Max pools in C."""

from models.integer_network.nodes import MaxPool
from models.kernels.calls import Call
from models.kernels.layouts import Array, channels_second
from models.kernels.paths import native
from models.kernels.tape import Compute, Tape


def max_pool(node: MaxPool) -> Compute:
    """The largest integers of a node's windows; they have to fit 16 bits."""

    def compute(tape: Tape, arrays: list[Array]) -> tuple[Array, ...]:
        values = tape.bytes_or_shorts(arrays[0])
        return (channels_second(pooled(values, node.kernel, node.stride, node.padding, tape)),)

    return compute


def pooled(values: Array, kernel: int, stride: int, padding: int, tape: Tape | None = None) -> Array:
    """The largest of each window of maps (images, rows, columns, channels): uint8, int16 or float32, C-contiguous."""
    tape = tape or Tape()
    images, *sizes, channels = values.shape
    rows, columns = ((size + 2 * padding - kernel) // stride + 1 for size in sizes)
    out = tape.empty((images, rows, columns, channels), values.dtype)
    described = (*values.shape, kernel, stride, padding, values.itemsize)
    shape = native.ffi.new("wrap_max_pool_shape *", described)
    tape.run(Call("MAX_POOL", shape=shape, input=values, output=out))
    return out
