"""Reads npz files."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Whatever numpy, zipfile and zlib raise on files that are damaged or were never npz files.
_UNREADABLE = (OSError, EOFError, ValueError, TypeError, AttributeError, RuntimeError, zipfile.BadZipFile, zlib.error)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an npz file by name. Raises ValueError, naming the file, if it is missing, damaged or foreign."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file") from error
    except _UNREADABLE as error:
        raise ValueError(f"{path} is damaged, or not an npz file") from error
