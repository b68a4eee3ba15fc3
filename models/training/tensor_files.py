"""Files of tensors and plain values, as torch.save writes them."""

import zipfile
from collections.abc import Mapping
from errno import EINVAL, EIO, ENOENT
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.data.sources import digest_of
from models.files import write_with
from models.memory import is_lack_of_memory

_FAILED_WRITES = ("iostream error", "PytorchStreamWriter", "inline_container.cc")
"""Parts of what torch's writer in C++ says on a full disk."""


def write_tensors(path: Path, content: Any) -> None:
    """Writes tensors and plain values to `path`, whole or not at all. Raises OSError, naming it, if that fails."""

    def write(temporary: Path) -> None:
        try:
            torch.save(content, temporary)
        except RuntimeError as error:
            if not any(words in str(error) for words in _FAILED_WRITES):
                raise
            raise OSError(EIO, "it cannot be written; the disk may be full") from error

    write_with(path, write)


def read_tensors(path: Path) -> Any:
    """What a file of tensors and plain values holds, on the CPU.

    Raises ValueError if it is missing or damaged, and OSError, naming it, if it cannot be read for another reason.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            # torch trusts the sizes in a file, and reads beyond its tensors where one is wrong.
            damaged = archive.testzip()
        if damaged is None:
            return torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # zipfile and torch's unpickler raise errors of many types on damaged files
        if is_lack_of_memory(error):
            raise
        if isinstance(error, OSError) and error.errno not in (None, EINVAL, ENOENT):  # damaged offsets are invalid
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise ValueError(f"{path} is missing or damaged") from error
    raise ValueError(f"{path} is damaged: the checksum of {damaged} is wrong")


def weights_digest(weights: Mapping[str, Tensor]) -> str:
    """16 hexadecimal digits that depend on names, shapes and values, as float32, of all tensors."""
    parts: list[bytes | memoryview] = []
    for name in sorted(weights):
        parts += [f"{name} {tuple(weights[name].shape)}".encode(), weights[name].contiguous().float().numpy().data]
    return digest_of(parts)
