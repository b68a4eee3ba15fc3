"""Pictures in ADE20K's layout: images/SPLIT/NAME.jpg and annotations/SPLIT/NAME.png."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.data.files import Folder, file_size, open_file
from models.data.labelled.crops import IGNORED
from models.data.labelled.pictures import SegmentationData
from models.data.pictures import ENDINGS, pixels_of, read_picture
from models.data.sources import digest_of
from models.listing import listed

SPLITS = ("training", "validation")

_CLASSES = 150  # of ADE20K, whose file of names may be missing
_LABEL_MODES = ("L", "P", "1", "I", "I;16")
_SHOWN = 3


@dataclass(frozen=True)
class AdePictures:
    """Labelled pictures of one split, none of them held in memory.

    In a mask, 0 is no class, and k is class k - 1: labels shift by one here, and nowhere else. classes: how many there
    are.

    Raises ValueError if a folder is missing, has no pictures, or a picture has no mask; from `pair`, if a file is
    damaged, sizes differ, or a mask holds a value above the number of classes.
    """

    folder: Path
    split: str
    classes: int

    def __post_init__(self) -> None:
        masks = {Path(name).stem for name, _ in _entries(self.folder / "annotations" / self.split)}
        images = self._images
        missing = [name for name in images if Path(name).stem not in masks]
        if not images:
            raise ValueError(f"{self.folder / 'images' / self.split} has no pictures (.jpg, .jpeg or .png)")
        if missing:
            place = self.folder / "annotations" / self.split
            raise ValueError(
                f"{len(missing)} of {len(images)} pictures have no mask in {place}: {listed(missing, _SHOWN)}"
            )
        object.__setattr__(self, "_names", tuple(images))

    _names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self._names)

    @property
    def digest(self) -> str:
        """Depends on the names and sizes in bytes of all pictures and masks."""
        files = (path for name in self._names for path in self._paths(name))
        return digest_of(f"{path.name} {file_size(path)}\n".encode() for path in files)

    def pair(self, index: int) -> tuple[Tensor, Tensor]:
        """Picture and labels; see LabelledPictures."""
        picture, mask = self._paths(self._names[index])
        with open_file(picture) as file:
            image = pixels_of(read_picture(file, picture))
        labels = read_mask(mask, self.classes)
        if labels.shape != image.shape[1:]:
            sizes = [f"{shape[1]} x {shape[0]}" for shape in (labels.shape, image.shape[1:])]
            raise ValueError(f"{mask} has {sizes[0]} pixels, {picture} has {sizes[1]}")
        return image, labels

    @property
    def _images(self) -> list[str]:
        entries = _entries(self.folder / "images" / self.split)
        return [name for name, is_folder in entries if not is_folder and name.lower().endswith(ENDINGS)]

    def _paths(self, name: str) -> tuple[Path, Path]:
        mask = f"{Path(name).stem}.png"
        return self.folder / "images" / self.split / name, self.folder / "annotations" / self.split / mask


def ade20k(folder: Path, *, images: int | None = None, workers: int = 4) -> SegmentationData:
    """A data set in ADE20K's layout; see SegmentationData.

    The names of its classes are those in objectInfo*.txt; without the file there are 150, named by their numbers.
    Raises ValueError for what is missing or damaged.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    classes = _class_names(folder)
    train, test = (AdePictures(folder, split, len(classes)) for split in SPLITS)
    return SegmentationData(folder.resolve().name, classes, train, test, images, workers)


def read_mask(path: Path, classes: int) -> Tensor:
    """The labels in a mask: (height, width), int64, one less than the values; 0 becomes 255, which is ignored.

    Raises ValueError, naming the file, if it is damaged or holds a value above the number of classes.
    """
    values = _mask_values(path)
    if int(values.max()) > classes:
        raise ValueError(f"{path} has the value {int(values.max())}; allowed are 0 to {classes}, for {classes} classes")
    return torch.where(values == 0, IGNORED, values - 1)


def _mask_values(path: Path) -> Tensor:
    with open_file(path) as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(file, formats=("PNG",)) as mask:
                    mode = mask.mode
                    values = np.asarray(mask).astype(np.int64)
        except Exception as error:  # Pillow's decoders raise errors of many types on damaged files
            raise ValueError(f"{path} is not a PNG file, or damaged") from error
    if mode not in _LABEL_MODES:
        raise ValueError(f"{path} has pixels of mode {mode}; allowed is one number for each pixel")
    return torch.from_numpy(values)


def _class_names(folder: Path) -> tuple[str, ...]:
    found = sorted(folder.glob("objectInfo*.txt"))
    if not found:
        return tuple(f"class {number}" for number in range(1, _CLASSES + 1))
    try:
        lines = found[0].read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{found[0]} cannot be read: {error}") from error
    names = tuple(line.split("\t")[-1].strip() for line in lines[1:] if line.strip())
    if not 1 <= len(names) < IGNORED:
        raise ValueError(f"{found[0]} names {len(names)} classes; allowed are 1 to {IGNORED - 1}")
    return names


def _entries(folder: Path) -> list[tuple[str, bool]]:
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    return Folder(folder).entries("")
