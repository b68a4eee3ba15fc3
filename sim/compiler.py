"""Compiles C and loads it."""

import ctypes
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from hw.tools import ToolError, run_tool

COMPILER = "cc"


class CompilerError(ToolError):
    """There is no C compiler, or it refuses the source."""


def ensure_compiler() -> None:
    """Raises CompilerError if there is no C compiler."""
    if shutil.which(COMPILER) is None:
        raise CompilerError(f"there is no C compiler: {COMPILER} is missing; install one, such as gcc")


def compile_library(source: str, flags: tuple[str, ...] = ("-O3", "-march=native")) -> ctypes.CDLL:
    """Compiles a C source to a shared library and loads it; leaves no files.

    Raises CompilerError if there is no C compiler or it refuses the source.
    """
    ensure_compiler()
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "source.c").write_text(source, encoding="utf-8")
        finished = run_tool([COMPILER, *flags, "-fPIC", "-shared", "source.c", "-o", "library.so"], folder)
        if finished.returncode != 0:
            first = next((line for line in finished.stderr.splitlines() if "error" in line), "no message")
            raise CompilerError(f"{COMPILER} failed with exit code {finished.returncode}: {first.strip()}")
        return ctypes.CDLL(str(folder / "library.so"))
