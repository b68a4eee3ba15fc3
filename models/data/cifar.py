"""CIFAR-10 from its python batches or from folders of images, each also as a tar archive."""

import posixpath
from collections.abc import Collection, Container
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.data.archives import folder_or_archive
from models.data.class_folders import check_classes, check_same_classes, labelled, pictures_by_class
from models.data.files import Files, walk
from models.data.images import ImageData, Split
from models.data.pickles import read_pickle
from models.data.pictures import pixels_of, read_picture

_TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
_TEST_BATCH = "test_batch"
_BATCHES = (*_TRAIN_BATCHES, _TEST_BATCH)
_PARTS = ("train", "test")
_SHAPE = (3, 32, 32)
_CLASSES = 10


def cifar10(data: Path) -> ImageData:
    """CIFAR-10 from `data`, which is one of

    - the folder of the python version (data_batch_1 to data_batch_5, test_batch), or its tar archive;
    - a folder, or a tar archive, with train/CLASS/*.png (or .jpg) and test/CLASS/*.png.

    The folders may lie deeper inside. Links are followed. Hidden files are skipped, as are folders that operating
    systems leave. Raises ValueError if the data is missing, damaged, or of another form.
    """
    files = folder_or_archive(data, "CIFAR-10")
    paths = list(walk(files))
    batches = [path for path, is_folder in paths if not is_folder and posixpath.basename(path) in _BATCHES]
    roots = [posixpath.dirname(path) for path in batches if posixpath.basename(path) == _TEST_BATCH]
    if roots:
        root = _uppermost(files, roots)
        train, test = (_read_batches(files, root, batches, wanted) for wanted in (_TRAIN_BATCHES, (_TEST_BATCH,)))
        classes = tuple(str(label) for label in range(_CLASSES))
    else:
        train, test, classes = _read_pictures(files, [path for path, is_folder in paths if is_folder])
    values = train.images.double()
    return ImageData(
        name="CIFAR-10",
        train=train,
        test=test,
        classes=classes,
        mean=tuple(values.mean((0, 2, 3)).tolist()),
        std=tuple(values.std((0, 2, 3)).tolist()),
    )


def _read_batches(files: Files, root: str, found: Container[str], wanted: tuple[str, ...]) -> Split:
    images, labels = [], []
    for batch in wanted:
        name = posixpath.join(root, batch)
        if name not in found:
            raise ValueError(f"{files.path} lacks {batch} beside {posixpath.join(root, _TEST_BATCH)}")
        path = files.path / name
        with files.open(name) as file:
            content: Any = read_pickle(file, path)
        try:
            pixels, numbers = (_bytes(content[key], key) for key in (b"data", b"labels"))
            shaped = pixels.reshape(-1, *_SHAPE)
        except KeyError as error:
            raise ValueError(f"{path} is not a CIFAR-10 batch: it lacks {error}") from error
        except (TypeError, ValueError, LookupError) as error:
            raise ValueError(f"{path} is not a CIFAR-10 batch: {error}") from error
        if numbers.shape != (len(shaped),) or not len(shaped) or numbers.max() >= _CLASSES:
            raise ValueError(
                f"{path} has {len(shaped)} images and {numbers.size} labels; it needs as many labels from 0 to 9"
            )
        images.append(torch.from_numpy(shaped.copy()))
        labels.append(torch.from_numpy(numbers.astype(np.int64)))
    return Split(torch.cat(images), torch.cat(labels))


def _bytes(values: object, name: bytes) -> NDArray[np.uint8]:
    """Integers from 0 to 255 as an array of bytes. Raises ValueError for other values."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or (array.size and not 0 <= array.min() <= array.max() <= 255):
        raise ValueError(f"its {name.decode()} are not integers from 0 to 255")
    return array.astype(np.uint8)


def _read_pictures(files: Files, folders: list[str]) -> tuple[Split, Split, tuple[str, ...]]:
    root = _root(files, folders)
    train, test = (pictures_by_class(files, posixpath.join(root, part)) for part in _PARTS)
    for part, classes in zip(_PARTS, (train, test), strict=True):
        check_classes(classes, files.path / root / part)
    check_same_classes(train, test, files.path / root, "test")
    return _decode(files, train), _decode(files, test), tuple(sorted(train))


def _root(files: Files, folders: list[str]) -> str:
    """The folder that holds train and test with pictures. Raises ValueError if there is none, and as `_uppermost`."""
    outer = {part: {posixpath.dirname(path) for path in folders if posixpath.basename(path) == part} for part in _PARTS}
    roots = [
        root for root in outer["train"] & outer["test"] if any(_has_pictures(files, root, part) for part in _PARTS)
    ]
    if not roots:
        raise ValueError(f"{files.path} has neither CIFAR-10's python batches nor train/CLASS and test/CLASS pictures")
    return _uppermost(files, roots)


def _uppermost(files: Files, roots: Collection[str]) -> str:
    """The one of several folders with data sets that lies highest. Raises ValueError if several do."""
    uppermost = min(map(_depth, roots))
    chosen, *others = sorted(root for root in roots if _depth(root) == uppermost)
    if others:
        raise ValueError(f"{files.path} holds several data sets; name one of {', '.join([chosen, *others])}")
    return chosen


def _has_pictures(files: Files, root: str, part: str) -> bool:
    return any(pictures_by_class(files, posixpath.join(root, part)).values())


def _depth(path: str) -> int:
    return len(path.split("/")) if path else 0


def _decode(files: Files, classes: dict[str, list[str]]) -> Split:
    entries = sorted(labelled(classes))
    images = torch.empty(len(entries), *_SHAPE, dtype=torch.uint8)
    for image, (name, _) in zip(images, entries, strict=True):
        path = files.path / name
        with files.open(name) as file:
            picture = read_picture(file, path)
        if picture.size != _SHAPE[1:]:
            raise ValueError(f"{path} has {picture.width} x {picture.height} pixels, not 32 x 32")
        image.copy_(pixels_of(picture))
    return Split(images, torch.tensor([label for _, label in entries]))
