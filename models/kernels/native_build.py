"""Builds the C kernels as an extension module; setup.py names this file."""

import re
from pathlib import Path

from cffi import FFI

_FOLDER = Path(__file__).resolve().parent / "native"
_MARKED = re.compile(r"/\* WRAP_INTERFACE_BEGIN.*?\*/(.*)/\* WRAP_INTERFACE_END \*/", re.DOTALL)


def _interface() -> str:
    """The part of the header that Python sees."""
    found = _MARKED.search((_FOLDER / "kernels.h").read_text())
    if found is None:
        raise RuntimeError("kernels.h has no interface between WRAP_INTERFACE_BEGIN and WRAP_INTERFACE_END")
    return found.group(1)


# Relative to setup.py, as distributions may not hold absolute paths.
_RELATIVE = Path("models/kernels/native")

ffi = FFI()
ffi.cdef(_interface())
ffi.set_source(
    "models.kernels._native",
    '#include "kernels.h"',
    sources=[str(_RELATIVE / path.name) for path in sorted(_FOLDER.glob("*.c"))],
    depends=[str(_RELATIVE / path.name) for path in sorted(_FOLDER.iterdir()) if path.suffix in (".h", ".inc")],
    include_dirs=[str(_RELATIVE)],
    extra_compile_args=["-O3", "-g0", "-std=gnu11", "-pthread", "-Wno-unknown-pragmas"],
    extra_link_args=["-pthread"],
    py_limited_api=True,
)
