"""Pictures in one folder per class."""

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.data.files import Files
from models.data.pictures import ENDINGS
from models.listing import listed

_MOST_NAMES = 10

Classes = Mapping[str, Sequence[str]]
"""The paths of each class's pictures, sorted, by the name of the class."""


def pictures_by_class(files: Files, folder: str) -> dict[str, list[str]]:
    """The pictures in each folder that lies directly in `folder`; none for a folder without pictures.

    Raises ValueError, naming it, for a link in `folder` that leads nowhere: its class would be missing.
    """
    found = {}
    for name, is_folder in files.entries(folder):
        path = posixpath.join(folder, name)
        if is_folder:
            found[name] = _pictures(files, path)
        elif files.is_broken(path):
            raise ValueError(f"{files.path / path} is a link that leads nowhere")
    return found


def check_classes(classes: Classes, folder: Path) -> None:
    """Raises ValueError if there are no pictures in `folder`, or a class has none."""
    if not any(classes.values()):
        raise ValueError(f"{folder} has no pictures in folders by class; their names end in {', '.join(ENDINGS)}")
    empty = sorted(name for name, pictures in classes.items() if not pictures)
    if empty:
        raise ValueError(f"{folder} has classes without pictures: {listed(empty, _MOST_NAMES)}")


def check_same_classes(train: Classes, held_out: Classes, folder: Path, held_out_name: str) -> None:
    """Raises ValueError if the classes in `folder` of training and held-out pictures differ."""
    different = sorted(train.keys() ^ held_out.keys())
    if different:
        raise ValueError(
            f"{folder}: train and {held_out_name} do not have the same classes: {listed(different, _MOST_NAMES)}"
        )


def labelled(classes: Classes) -> list[tuple[str, int]]:
    """Paths and labels of all pictures; labels number the classes in the order of their names."""
    return [(path, label) for label, name in enumerate(sorted(classes)) for path in classes[name]]


def _pictures(files: Files, folder: str) -> list[str]:
    return [
        posixpath.join(folder, name)
        for name, is_folder in files.entries(folder)
        if not is_folder and name.lower().endswith(ENDINGS)
    ]
