"""Reads files that torch.save wrote."""

import zipfile
from pathlib import Path
from typing import Any

import torch


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
