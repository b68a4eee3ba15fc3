"""Reads pickled data sets without running code that a pickle may carry."""

import pickle
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_PLAIN_KINDS = "biufSU"

_ALLOWED = {
    ("builtins", name)
    for name in ("bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple")
} | {
    ("_codecs", "encode"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
}


class _Unpickler(pickle._Unpickler):  # that in C reserves memory for as many objects as a damaged number says
    """Admits numpy arrays of plain types and builtin values, and nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it holds {module}.{name}, which no data set needs")
        return super().find_class(module, name)

    def load_build(self) -> None:
        """Gives an object its state. numpy trusts that of a type: a wrong one can crash the interpreter."""
        instance, state = self.stack[-2:]  # type: ignore[attr-defined]
        if isinstance(instance, np.dtype) and not _is_plain(instance, state):
            raise pickle.UnpicklingError(f"it holds an array of type {instance}, whose state is damaged or not plain")
        super().load_build()  # type: ignore[misc]

    dispatch = pickle._Unpickler.dispatch | {pickle.BUILD[0]: load_build}  # type: ignore[assignment]


def _is_plain(kind: "np.dtype[Any]", state: tuple[Any, ...]) -> bool:
    """Whether the state is that of a number or text: version, order, no parts, size, alignment and its own flags."""
    sizes = (-1, -1), (kind.itemsize, kind.alignment)
    flags = (), (kind.flags,)
    return kind.kind in _PLAIN_KINDS and state[2:5] == (None,) * 3 and state[5:7] in sizes and state[7:] in flags


def read_pickle(file: BinaryIO, path: Path) -> Any:
    """The content of a pickle, also one of Python 2, whose strings become bytes. path: names it in errors.

    Raises ValueError if it is damaged, or holds anything but numpy arrays and builtin values.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of numpy, about pickles of its early versions
            return _Unpickler(file, encoding="bytes").load()
    except Exception as error:  # pickle and numpy raise errors of many types on damaged files
        reason = "it ends early" if isinstance(error, EOFError) else " ".join(str(error).split())
        raise ValueError(f"{path} cannot be read as a pickled data set: {reason}") from error
