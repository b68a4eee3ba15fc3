"""Compiles C and loads it."""

import ctypes
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

COMPILER = "cc"


def ensure_compiler() -> None:
    """Raises ValueError if there is no C compiler."""
    if shutil.which(COMPILER) is None:
        raise ValueError(f"there is no C compiler: {COMPILER} is missing; install one, such as gcc")


def compile_library(source: str, flags: tuple[str, ...] = ("-O3", "-march=native")) -> ctypes.CDLL:
    """Compiles a C source to a shared library and loads it; nothing stays on disk.

    Raises ValueError if there is no C compiler, or if it refuses the source.
    """
    ensure_compiler()
    with TemporaryDirectory() as folder:
        path, library = Path(folder, "source.c"), Path(folder, "library.so")
        path.write_text(source)
        command = [COMPILER, *flags, "-fPIC", "-shared", str(path), "-o", str(library)]
        finished = subprocess.run(command, capture_output=True, text=True)
        if finished.returncode != 0:
            first = next((line for line in finished.stderr.splitlines() if "error" in line), "no message")
            raise ValueError(f"{COMPILER} failed with exit code {finished.returncode}: {first.strip()}")
        return ctypes.CDLL(str(library))
