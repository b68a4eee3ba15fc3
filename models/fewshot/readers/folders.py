"""Few-shot data sets from folders of pictures."""

from pathlib import Path

import torch
from torch import Tensor

from models.data.class_folders import check_classes, pictures_by_class
from models.data.files import Files, Folder
from models.data.pictures import pixels_of, read_picture
from models.fewshot.class_images import SPLITS, ClassImages, FewShotData


def read_folders(folder: Path) -> FewShotData:
    """A data set from folders train/CLASS, val/CLASS and test/CLASS of pictures of one size.

    `val` may be missing. Raises ValueError if another is, a class has no pictures, or pictures are damaged or differ
    in size.
    """
    files = Folder(folder)
    found = {split: _read(files, split) for split in SPLITS if (folder / split).is_dir()}
    if "train" not in found or "test" not in found:
        raise ValueError(f"{folder} has no folders train, val and test with a folder of pictures for each class")
    return FewShotData(folder.resolve().name, found)


def _read(files: Files, split: str) -> ClassImages:
    classes = pictures_by_class(files, split)
    check_classes(classes, files.path / split)
    names = tuple(sorted(classes))
    size: tuple[int, int] | None = None
    images: list[Tensor] = []
    for path in (path for name in names for path in classes[name]):
        with files.open(path) as file:
            picture = read_picture(file, files.path / path)
        size = size or picture.size
        if picture.size != size:
            raise ValueError(
                f"{files.path / path} has {picture.width} x {picture.height} pixels; others have {size[0]} x {size[1]}"
            )
        images.append(pixels_of(picture))
    return ClassImages(torch.stack(images), tuple(len(classes[name]) for name in names), names)
