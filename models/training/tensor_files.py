"""Files of tensors and plain values, as torch.save writes them."""

import zipfile
from errno import EIO
from pathlib import Path
from typing import Any

import torch

from models.files import write_with


def write_tensors(path: Path, content: Any) -> None:
    """Writes tensors and plain values to `path`, whole or not at all. Raises OSError, naming it, if that fails."""

    def write(temporary: Path) -> None:
        try:
            torch.save(content, temporary)
        except RuntimeError as error:  # of torch's writer in C++, on a full disk
            raise OSError(EIO, "it cannot be written; the disk may be full") from error

    write_with(path, write)


def read_tensors(path: Path) -> Any:
    """What a file of tensors and plain values holds, on the CPU. Raises ValueError if it is missing or damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            # torch trusts the sizes in a file, and reads beyond its tensors where one is wrong.
            damaged = archive.testzip()
        if damaged is None:
            return torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # zipfile and torch's unpickler raise errors of many types on damaged files
        raise ValueError(f"{path} is missing or damaged") from error
    raise ValueError(f"{path} is damaged: the checksum of {damaged} is wrong")
