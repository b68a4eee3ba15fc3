"""Calls into C that can be made again, alone or many at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.kernels.paths import native, threads


class Call:
    """A call of a function in C, by its name, such as "CONVOLVE" for WRAP_CONVOLVE.

    arguments: fields of wrap_call in kernels.h, numbers, arrays, which have to be C-contiguous, or what cffi made. The
    call keeps them alive, and `owner`, which holds what these point to.
    """

    def __init__(self, function: str, *, owner: object = None, **arguments: Any) -> None:
        fields = {
            name: native.ffi.from_buffer(value) if isinstance(value, np.ndarray) else value
            for name, value in arguments.items()
            if value is not None
        }
        self._alive = fields, owner
        self.described = native.ffi.new("wrap_call *", {"function": getattr(native.lib, f"WRAP_{function}"), **fields})

    def __call__(self) -> None:
        """Makes the call. Raises MemoryError."""
        _run(self.described, 1)


class Calls:
    """Calls that are made one after another, by one call."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls  # keep alive what they point to
        self._described = native.ffi.new("wrap_call[]", [call.described[0] for call in calls])

    def __call__(self) -> None:
        """Makes the calls. Raises MemoryError."""
        _run(self._described, len(self._calls))


def _run(described: Any, count: int) -> None:
    if native.lib.wrap_run(described, count, threads()):
        raise MemoryError("not enough memory for the tables or padded rows of a convolution")
