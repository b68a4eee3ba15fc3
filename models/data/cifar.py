"""CIFAR-10 from its python batches or from folders of images, each also as a tar archive."""

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch

from models.data.archives import Files, files_of
from models.data.images import ImageData, Split
from models.data.pickles import read_pickle
from models.data.pictures import ENDINGS, pixels_of, read_picture

_TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
_TEST_BATCH = "test_batch"
_SHAPE = (3, 32, 32)
_CLASSES = 10


def cifar10(data: Path) -> ImageData:
    """CIFAR-10 from `data`, which is one of

    - the folder of the python version (data_batch_1 to data_batch_5, test_batch), or its tar archive;
    - a folder, or a tar archive, with train/CLASS/*.png (or .jpg) and test/CLASS/*.png.

    The folders may lie deeper inside. Raises ValueError if it is missing, damaged, or of another form.
    """
    files = files_of(data, "CIFAR-10")
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


def _read_batches(files: Files, found: dict[str, str], wanted: tuple[str, ...]) -> Split:
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


def _read_pictures(files: Files, names: list[str]) -> tuple[Split, Split, tuple[str, ...]]:
    pictures: dict[str, list[tuple[str, str]]] = {"train": [], "test": []}
    for name in names:
        parts = PurePosixPath(name).parts
        if len(parts) >= 3 and parts[-3] in pictures and name.lower().endswith(ENDINGS):
            pictures[parts[-3]].append((parts[-2], name))
    found = {part: sorted({label for label, _ in entries}) for part, entries in pictures.items()}
    if not found["train"] or not found["test"]:
        raise ValueError(f"{files.path} has neither CIFAR-10's python batches nor train/CLASS and test/CLASS pictures")
    if found["train"] != found["test"]:
        different = sorted(set(found["train"]) ^ set(found["test"]))
        raise ValueError(f"{files.path}: train and test do not have the same classes: {', '.join(different)}")
    train, test = (_decode(files, pictures[part], found["train"]) for part in ("train", "test"))
    return train, test, tuple(found["train"])


def _decode(files: Files, entries: list[tuple[str, str]], classes: list[str]) -> Split:
    images = torch.empty(len(entries), *_SHAPE, dtype=torch.uint8)
    for index, (_, name) in enumerate(entries):
        path = files.path / name
        picture = read_picture(path, files.read(name))
        if picture.size != _SHAPE[1:]:
            raise ValueError(f"{path} has {picture.width} x {picture.height} pixels, not 32 x 32")
        images[index] = pixels_of(picture)
    return Split(images, torch.tensor([classes.index(label) for label, _ in entries]))
