"""CIFAR-10 in the formats it is found in: its python batches, or folders of images, each also as a tar archive."""

import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from models.data.pickles import read_pickle
from models.data.sources import ImageData, Split

_TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
_TEST_BATCH = "test_batch"
_SHAPE = (3, 32, 32)
_PICTURES = (".png", ".jpg", ".jpeg")
_CLASSES = 10


def cifar10(data: Path) -> ImageData:
    """CIFAR-10 from `data`, which is one of

    - the folder of the python version (data_batch_1 to data_batch_5, test_batch), or its tar archive;
    - a folder, or a tar archive, with train/CLASS/*.png (or .jpg) and test/CLASS/*.png.

    The folders may lie deeper inside. Raises ValueError if it is missing, damaged, or of another form.
    """
    files = _Archive(data) if data.is_file() else _Folder(data)
    with files.opened():
        names = files.names()
        batches = {PurePosixPath(name).name: name for name in names}
        if _TEST_BATCH in batches:
            train, test = (_read_batches(files, batches, wanted) for wanted in (_TRAIN_BATCHES, (_TEST_BATCH,)))
            classes = tuple(str(label) for label in range(_CLASSES))
        else:
            train, test, classes = _read_pictures(files, names)
    values = train.images.double()
    return ImageData(
        name="CIFAR-10",
        train=train,
        test=test,
        classes=classes,
        mean=tuple(values.mean((0, 2, 3)).tolist()),
        std=tuple(values.std((0, 2, 3)).tolist()),
    )


class _Folder:
    """A folder on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_dir():
            raise ValueError(f"{path}: no such folder or archive with CIFAR-10")

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Nothing to do."""
        yield

    def names(self) -> list[str]:
        """Every file, with its path below the folder."""
        return sorted(str(file.relative_to(self.path)) for file in self.path.rglob("*") if file.is_file())

    def read(self, name: str) -> BinaryIO:
        """A file, open."""
        return io.BytesIO((self.path / name).read_bytes())


class _Archive:
    """A tar archive, compressed or not, read in its own order: going back and forth would unpack it over again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content: dict[str, bytes] = {}

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Reads the archive once; ValueError if it is damaged."""
        try:
            with tarfile.open(self.path) as archive:
                for member in archive:
                    file = archive.extractfile(member) if member.isfile() else None
                    if file is not None:
                        self._content[member.name] = file.read()
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{self.path} is damaged, or not a tar archive: {error}") from error
        yield

    def names(self) -> list[str]:
        """Every file in the archive."""
        return sorted(self._content)

    def read(self, name: str) -> BinaryIO:
        """A file, open."""
        return io.BytesIO(self._content[name])


def _read_batches(files: _Folder | _Archive, found: dict[str, str], wanted: tuple[str, ...]) -> Split:
    images, labels = [], []
    for batch in wanted:
        if batch not in found:
            raise ValueError(f"{files.path} lacks {batch}")
        path = files.path / found[batch]
        content: Any = read_pickle(files.read(found[batch]), path)
        try:
            pixels = np.asarray(content[b"data"], dtype=np.uint8).reshape(-1, *_SHAPE)
            numbers = np.asarray(content[b"labels"], dtype=np.int64)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is not a CIFAR-10 batch: {error}") from error
        if len(pixels) != len(numbers) or numbers.min() < 0 or numbers.max() >= _CLASSES:
            raise ValueError(f"{path} has {len(pixels)} images and {len(numbers)} labels from 0 to 9")
        images.append(torch.from_numpy(pixels.copy()))
        labels.append(torch.from_numpy(numbers))
    return Split(torch.cat(images), torch.cat(labels))


def _read_pictures(files: _Folder | _Archive, names: list[str]) -> tuple[Split, Split, tuple[str, ...]]:
    pictures: dict[str, list[tuple[str, str]]] = {"train": [], "test": []}
    for name in names:
        parts = PurePosixPath(name).parts
        if len(parts) >= 3 and parts[-3] in pictures and name.lower().endswith(_PICTURES):
            pictures[parts[-3]].append((parts[-2], name))
    found = {part: sorted({label for label, _ in entries}) for part, entries in pictures.items()}
    if not found["train"] or not found["test"]:
        raise ValueError(f"{files.path} has neither CIFAR-10's python batches nor train/CLASS and test/CLASS pictures")
    if found["train"] != found["test"]:
        different = sorted(set(found["train"]) ^ set(found["test"]))
        raise ValueError(f"{files.path}: train and test do not have the same classes: {', '.join(different)}")
    train, test = (_decode(files, pictures[part], found["train"]) for part in ("train", "test"))
    return train, test, tuple(found["train"])


def _decode(files: _Folder | _Archive, entries: list[tuple[str, str]], classes: list[str]) -> Split:
    images = torch.empty(len(entries), *_SHAPE, dtype=torch.uint8)
    for index, (_, name) in enumerate(entries):
        try:
            with Image.open(files.read(name)) as picture:
                pixels = np.array(picture.convert("RGB"))
        except (UnidentifiedImageError, OSError) as error:
            raise ValueError(f"{files.path / name} is not a picture, or damaged") from error
        if pixels.shape[:2] != _SHAPE[1:]:
            raise ValueError(f"{files.path / name} has {pixels.shape[1]} x {pixels.shape[0]} pixels, not 32 x 32")
        images[index] = torch.from_numpy(pixels).permute(2, 0, 1)
    return Split(images, torch.tensor([classes.index(label) for label, _ in entries]))
