"""Tapes: what computes a network, done once and written down, to be done again on the same memory."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from models.kernels.calls import Call, Calls
from models.kernels.layouts import Array, channels_last
from models.kernels.paths import native

_WIDEST = 4  # bytes of numbers that C transposes


class Memory:
    """Buffers that arrays use one after another, those that are no longer held first."""

    def __init__(self) -> None:
        self._holders: Counter[int] = Counter()
        self._buffers: dict[int, Array] = {}

    def empty(self, shape: tuple[int, ...], kind: Any) -> Array:
        """An array in a buffer that nobody holds, the smallest that has room; a new one if there is none."""
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        free = [one for key, one in self._buffers.items() if not self._holders[key] and one.nbytes >= size]
        buffer = min(free, key=len) if free else np.empty(size, np.uint8)
        self._buffers[id(buffer)] = buffer
        found: Array = buffer[:size].view(kind).reshape(shape)
        return found

    def hold(self, array: Array) -> None:
        """Keeps the buffer of an array, if it has one here, until it is released as often."""
        if id(array.base) in self._buffers:
            self._holders[id(array.base)] += 1

    def release(self, array: Array) -> None:
        """Undoes one `hold`."""
        if id(array.base) in self._buffers:
            self._holders[id(array.base)] -= 1


class Tape:
    """Does what it is told and writes it down.

    memory: where arrays lie; each has its own if left out. in_c: whether it may call C.
    """

    def __init__(self, memory: Memory | None = None, *, in_c: bool = native is not None) -> None:
        self._memory, self._in_c = memory, in_c
        self._done: list[list[Call] | Callable[[], None]] = []  # neighbouring calls, or a function in Python
        self._temporary: list[Array] = []

    def empty(self, shape: tuple[int, ...], kind: Any) -> Array:
        """An array for what comes next; it is held until the step ends, see `end_step`."""
        if self._memory is None:
            return np.empty(shape, kind)
        found = self._memory.empty(shape, kind)
        self._memory.hold(found)
        self._temporary.append(found)
        return found

    def run(self, call: Call) -> None:
        """Makes a call, and writes it down. Raises MemoryError."""
        call()
        match self._done:
            case [*_, list() as neighbours]:
                neighbours.append(call)
            case _:
                self._done.append([call])

    def compute(self, function: Callable[[list[Array]], Array], arrays: list[Array]) -> Array:
        """The result of a function in Python, which gives the same shape and kind each time."""
        found = function(arrays)
        self._done.append(lambda: np.copyto(found, function(arrays)))
        return found

    def channels_last(self, array: Array, kind: Any) -> Array:
        """A map or features with channels as the last axis, C-contiguous, of a kind; copied if it is otherwise."""
        moved = channels_last(array)
        if moved.flags.c_contiguous and moved.dtype == kind:
            return moved
        found = self.empty(moved.shape, kind)
        if self._in_c and array.flags.c_contiguous and array.dtype == kind and array.itemsize <= _WIDEST:
            matrices = (len(array), array.shape[1], array[0, 0].size, array.itemsize)
            shape = native.ffi.new("wrap_matrices *", matrices)
            self.run(Call("TRANSPOSE", shape=shape, input=array, output=found))
            return found

        def copy() -> None:
            np.copyto(found, moved, casting="unsafe")

        copy()
        self._done.append(copy)
        return found

    def bytes_or_shorts(self, array: Array) -> Array:
        """The same, uint8 if it is so already, else int16, which has to hold the integers."""
        return self.channels_last(array, np.uint8 if array.dtype == np.uint8 else np.int16)

    def end_step(self, kept: Sequence[Array]) -> None:
        """Frees the memory of all arrays since the last step but these, which are held until they are released."""
        if self._memory is not None:
            for array in kept:
                self._memory.hold(array)
            for array in self._temporary:
                self._memory.release(array)
        self._temporary.clear()

    def release(self, array: Array) -> None:
        """Frees the memory of an array that was kept."""
        if self._memory is not None:
            self._memory.release(array)

    def replay(self) -> Callable[[], None]:
        """A function that does all of it again, neighbouring calls at once. Raises MemoryError."""
        parts = [Calls(part) if isinstance(part, list) else part for part in self._done]
        if len(parts) == 1:
            return parts[0]

        def again() -> None:
            for part in parts:
                part()

        return again


Compute = Callable[[Tape, list[Array]], tuple[Array, ...]]
"""Computes the outputs of a step from its inputs: maps (images, channels, rows, columns) or features (images, n)."""
