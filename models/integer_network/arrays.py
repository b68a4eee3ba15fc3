"""Reads npz files."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an npz file by name. Raises ValueError, naming the file, if it is missing, damaged or foreign."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file") from error
    except Exception as error:  # numpy, zipfile and zlib raise errors of many types on damaged files
        raise ValueError(f"{path} is damaged, or not an npz file") from error
    foreign = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if foreign:  # numpy returns the bytes of a member that is no array
        raise ValueError(f"{path} is damaged: {', '.join(foreign)} is no array")
    return arrays
