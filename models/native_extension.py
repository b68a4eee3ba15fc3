"""Describes the C extensions of this package to cffi; setup.py builds them."""

import re
from pathlib import Path

from cffi import FFI

_ROOT = Path(__file__).resolve().parent.parent
_MARKED = re.compile(r"/\* WRAP_INTERFACE_BEGIN.*?\*/(.*)/\* WRAP_INTERFACE_END \*/", re.DOTALL)
_FLAGS = ("-O3", "-g0", "-std=gnu11", "-pthread", "-Wno-unknown-pragmas")


def describe_extension(module: str, header: str, sources: tuple[str, ...], *, flags: tuple[str, ...] = ()) -> FFI:
    """An extension module whose functions are declared between the marks of a header.

    header, sources: paths relative to setup.py, since distributions may not hold absolute ones; sources may be
    patterns.
    """
    path = Path(header)
    declared = _MARKED.search((_ROOT / path).read_text(encoding="utf-8"))
    assert declared
    files = [str(file.relative_to(_ROOT)) for pattern in sources for file in sorted(_ROOT.glob(pattern))]
    folders = {str(Path(file).parent) for file in (header, *files)}
    watched = [file for folder in folders for file in (_ROOT / folder).iterdir() if file.suffix in (".h", ".inc")]
    ffi = FFI()
    ffi.cdef(declared.group(1))
    ffi.set_source(
        module,
        f'#include "{path.name}"',
        sources=files,
        depends=sorted(str(file.relative_to(_ROOT)) for file in watched),
        include_dirs=[str(path.parent)],
        extra_compile_args=[*_FLAGS, *flags],
        extra_link_args=["-pthread"],
        py_limited_api=True,
    )
    return ffi
