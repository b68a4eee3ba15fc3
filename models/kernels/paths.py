"""Paths: the implementations of the kernels that this machine can run, and the threads that they use."""

import os
import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any

TORCH = "torch"
"""The path that needs no compiled code."""

PATHS = ("avx512", "avx2", "vector", "swar", TORCH)
"""All paths, fastest first: AVX-512 with VBMI, AVX2, vectors of 16 bytes (SSE2, NEON), 64-bit words, and torch."""

PATH_VARIABLE = "WRAPMAC_KERNELS"
"""Environment variable that names the path to use."""

native: Any = import_module("models.kernels._native") if find_spec("models.kernels._native") else None
"""The compiled kernels, or None."""

NOT_COMPILED = "the C kernels were not compiled; install gcc, then reinstall wrapmac"
"""What users are told where only torch is left."""

_MOST_THREADS = 256  # of the thread pool in C
_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_threads = min(_cores, _MOST_THREADS)


def available_paths() -> tuple[str, ...]:
    """The paths that this machine can run, fastest first; `torch` is always among them."""
    compiled = [] if native is None else [path for path in PATHS[:-1] if native.lib.wrap_available(PATHS.index(path))]
    return (*compiled, TORCH)


def chosen_path(path: str | None = None) -> str:
    """Returns `path`, or the path that WRAPMAC_KERNELS names, or the fastest.

    Warns where torch is the fastest because the C kernels were not compiled. Raises ValueError for a path that does not
    exist or that this machine cannot run.
    """
    named = path or os.environ.get(PATH_VARIABLE)
    if native is None and not named:
        warnings.warn(f"torch computes, slowly: {NOT_COMPILED}", RuntimeWarning, stacklevel=2)
    wanted = named or available_paths()[0]
    if wanted not in PATHS:
        raise ValueError(f"path is {wanted!r}; allowed are {', '.join(PATHS)}")
    if native is None and wanted != TORCH:
        raise ValueError(f"path {wanted!r} is not available: {NOT_COMPILED}")
    if wanted not in available_paths():
        raise ValueError(f"path {wanted!r} needs instructions that this machine lacks; it has {available_paths()}")
    return wanted


def set_threads(count: int) -> None:
    """Sets how many threads a call may use, its own included; initially the cores of the process.

    Raises ValueError unless count is an integer from 1 to 256.
    """
    global _threads
    if type(count) is not int or not 1 <= count <= _MOST_THREADS:
        raise ValueError(f"threads is {count!r}; allowed are the integers 1 to {_MOST_THREADS}")
    _threads = count


def threads() -> int:
    """How many threads a call may use."""
    return _threads
