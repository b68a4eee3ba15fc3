"""Writes files atomically: whole or not at all."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def write_with(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a temporary file beside `path`, then renames it; a process killed midway leaves the old file.

    Creates missing folders. Raises OSError if the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: some writers choose their format by it, or add it where it is missing.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.{threading.get_ident()}{path.suffix}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes `text` to `path`, whole or not at all."""
    write_with(path, lambda temporary: temporary.write_text(text))


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Writes arrays to `path` as a compressed npz file, whole or not at all, whatever the suffix."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)

    write_with(path, write)
