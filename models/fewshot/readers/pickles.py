"""CIFAR-FS and mini-ImageNet from pickles, one for each split."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.data.files import open_file
from models.data.pickles import read_pickle
from models.fewshot.class_images import SPLITS, ClassImages, FewShotData

_ENDINGS = (".pickle", ".pkl")
# mini-ImageNet's file of training classes; others hold held-out images of the same classes.
_PHASES = {"train_phase_train": "train", "train_phase_val": None, "train_phase_test": None}


def read_pickles(folder: Path) -> FewShotData:
    """A data set from a folder with a pickle for each split, such as CIFAR_FS_train.pickle.

    A pickle is a dictionary with `data`, bytes of shape (count, height, width, channels), and `labels`; or with
    `image_data` of that shape and `class_dict`, which lists the images of each class.

    Raises ValueError if a split is missing, or a pickle is damaged, of another form, or asks for anything but arrays
    and builtin values.
    """
    paths = _paths(folder)
    return FewShotData(folder.resolve().name, {split: _read(path, split) for split, path in paths.items()})


def has_pickles(folder: Path) -> bool:
    """Whether the folder holds pickles, rather than pictures."""
    return any(path.suffix in _ENDINGS for path in folder.iterdir())


def _paths(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        split = _split_of(path.stem) if path.suffix in _ENDINGS and not path.name.startswith(".") else None
        if split is None:
            continue
        if split in found:
            raise ValueError(f"{folder} has two pickles for {split}: {found[split].name} and {path.name}")
        found[split] = path
    for split in SPLITS:
        if split not in found:
            raise ValueError(f"{folder} lacks a pickle for {split}, whose name ends in {split}.pickle or {split}.pkl")
    return found


def _split_of(stem: str) -> str | None:
    for phase, split in _PHASES.items():
        if stem.endswith(phase):
            return split
    return next((split for split in SPLITS if stem.endswith(split)), None)


def _read(path: Path, split: str) -> ClassImages:
    with open_file(path) as file:
        content = read_pickle(file, path)
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds a {type(content).__name__}, not a dictionary of images and labels")
    texts = {_text(key): value for key, value in content.items()}
    try:
        if "class_dict" in texts:
            pixels, labels, names = _by_class(texts)
        else:
            pixels, labels, names = _by_label(texts, split)
        images = torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).contiguous()
        return ClassImages.from_labels(images, labels, names)
    except KeyError as error:
        raise ValueError(f"{path} is no few-shot data set: it lacks {error}") from error
    except (ValueError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"{path} is no few-shot data set: {error}") from error


def _by_label(content: Mapping[str, Any], split: str) -> tuple[NDArray[np.uint8], list[int], dict[int, str]]:
    pixels, labels = _pixels(content["data"]), _integers(content["labels"])
    if len(labels) != len(pixels):
        raise ValueError(f"there are {len(pixels)} images and {len(labels)} labels")
    known = {int(label): _text(name) for name, label in dict(content.get("catname2label", {})).items()}
    # Labels of one file say nothing about another's.
    return pixels, labels, {label: known.get(label, f"{split} {label}") for label in set(labels)}


def _by_class(content: Mapping[str, Any]) -> tuple[NDArray[np.uint8], list[int], dict[int, str]]:
    pixels = _pixels(content["image_data"])
    members = {_text(name): _integers(images) for name, images in dict(content["class_dict"]).items()}
    order = [image for images in members.values() for image in images]
    if order and not 0 <= min(order) <= max(order) < len(pixels):
        raise ValueError(f"class_dict names images from {min(order)} to {max(order)}; there are {len(pixels)}")
    labels = [label for label, images in enumerate(members.values()) for _ in images]
    return pixels[order], labels, dict(enumerate(members))


def _pixels(values: Any) -> NDArray[np.uint8]:
    array = np.asarray(values)
    if array.dtype != np.uint8 or array.ndim != 4 or not array.size:
        raise ValueError(
            f"its images are {array.dtype} of shape {array.shape}; "
            "bytes of shape (count, height, width, channels) needed"
        )
    return array


def _integers(values: Any) -> list[int]:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"its labels are {array.dtype} of shape {array.shape}; a list of integers needed")
    return [int(value) for value in array]


def _text(key: object) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
