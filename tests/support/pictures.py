"""Folders of pictures, and what readers make of them."""

import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.data.cifar import cifar10
from models.data.folders import ImageFolders

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)

Read = Callable[[Path], tuple[tuple[str, ...], Tensor]]
"""Reads train/CLASS and test/CLASS: the classes, and the pixels of the held-out pictures (count, 3, 32, 32)."""


def read_cifar(folder: Path) -> tuple[tuple[str, ...], Tensor]:
    data = cifar10(folder)
    return data.classes, data.test.images.float()


def read_archived_cifar(folder: Path) -> tuple[tuple[str, ...], Tensor]:
    return read_cifar(archived(folder, folder.with_suffix(".tar.gz")))


def read_folders(folder: Path) -> tuple[tuple[str, ...], Tensor]:
    data = ImageFolders(folder, size=32, workers=0)
    assert len(data.digest) == 16
    images = torch.cat([images for images, _ in data.held_out_batches(100)])
    return data.classes, (images * STD + MEAN) * 255


READERS: dict[str, Read] = {"cifar": read_cifar, "archive": read_archived_cifar, "folders": read_folders}


def write_pictures(
    folder: Path, classes: tuple[str, ...] = ("a", "b"), parts: tuple[str, ...] = ("train", "test")
) -> Path:
    """Writes two random pictures of 32 x 32 pixels for each class and part; returns `folder`."""
    random = np.random.default_rng(0)
    for part in parts:
        for label in classes:
            (folder / part / label).mkdir(parents=True)
            for index in range(2):
                pixels = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / part / label / f"{index}.png")
    return folder


def archived(folder: Path, path: Path) -> Path:
    """Packs the content of a folder as a tar archive, compressed as the ending of `path` says."""
    mode = {"gz": "w:gz", "bz2": "w:bz2", "xz": "w:xz", "tar": "w"}[path.suffix[1:]]
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        archive.add(folder, ".")
    return path


def png(width: int, height: int, *, content: bytes = b"") -> bytes:
    """A gray PNG that claims a size, whatever its content."""
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", content), (b"IEND", b""))
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)
