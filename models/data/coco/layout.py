"""Where COCO's layout has its files."""

from dataclasses import dataclass
from pathlib import Path

from models.data.coco.objects import CocoPicture, CocoPictures
from models.data.coco.reading import read_coco

ANNOTATIONS = "annotations"
"""The folder of the files that list objects."""

PREFIX = "instances_"
"""Starts the names of these files; the rest is the name of the folder with the pictures."""


@dataclass(frozen=True)
class CocoSplit:
    """The pictures of a part of a data set. folder: that of the files. listed: what is on them."""

    folder: Path
    listed: CocoPictures

    @property
    def pictures(self) -> tuple[CocoPicture, ...]:
        """The pictures, in the order of their file."""
        return self.listed.pictures

    def path(self, picture: CocoPicture) -> Path:
        """The file of a picture."""
        return self.folder / picture.file


def read_split(folder: Path, part: str) -> CocoSplit:
    """A part of a data set, `train` or `val`: annotations/instances_PART*.json, and its pictures in PART*/.

    The name of a year may follow, as in `train2017`. Raises ValueError if a file or folder is missing, or more than one
    would do; see `read_coco` for what a file may lack.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    found = sorted((folder / ANNOTATIONS).glob(f"{PREFIX}{part}*.json"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise ValueError(f"{folder / ANNOTATIONS} needs one file {PREFIX}{part}*.json; found are {names}")
    pictures = folder / found[0].stem.removeprefix(PREFIX)
    if not pictures.is_dir():
        raise ValueError(f"{pictures}: no such folder; {found[0].name} lists its pictures")
    split = CocoSplit(pictures, read_coco(found[0]))
    for picture in split.pictures:
        if not split.path(picture).is_file():
            raise ValueError(f"{split.path(picture)}: no such file; {found[0].name} lists it as image {picture.number}")
    return split
