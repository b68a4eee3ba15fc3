"""Pictures of any size, brought to the shape of a network's images."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from torch import Tensor

from models.data.files import Folder, walk
from models.data.fitting import fitted_images
from models.data.pictures import ENDINGS, pixels_of, read_picture, seen_part


def picture_names(folder: Path, endings: tuple[str, ...] = ENDINGS) -> Sequence[str]:
    """The paths, below a folder, of the pictures in it and in the folders below it, sorted. Hidden files are skipped.

    endings: of the pictures' names, in any case. Raises ValueError if there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    names = sorted(path for path, is_folder in walk(Folder(folder)) if not is_folder and path.lower().endswith(endings))
    if not names:
        raise ValueError(f"{folder} has no pictures; their names end in {', '.join(endings)}")
    return names


def fitted_picture(file: BinaryIO, path: Path, image_shape: tuple[int, int, int]) -> Tensor:
    """A picture as a uint8 image (channels, height, width).

    Square images show the middle of the picture, as `seen_part` says; others the whole picture, scaled. path: names the
    picture in errors. Raises ValueError if it is damaged, or no picture.
    """
    _, height, width = image_shape
    picture = read_picture(file, path)
    pixels = seen_part(picture, height) if height == width else pixels_of(picture)
    return fitted_images(pixels[None], image_shape, str(path))[0]
