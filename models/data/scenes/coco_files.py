"""Writes procedural scenes in COCO's layout."""

from collections.abc import Callable, Iterator
from pathlib import Path

from models.data.coco.writing import DrawnObject, Picture, write_split
from models.data.scenes.scene import CLASSES
from models.data.scenes.scene_set import SceneSet

CATEGORIES = CLASSES[1:]
"""Names of the categories of objects, by label from 1 on."""


def write_coco(folder: Path, train: SceneSet, held_out: SceneSet, written: Callable[[], object]) -> Path:
    """Writes the scenes as PNG files and the objects in them, in the parts `train` and `val`; returns the folder.

    written: called after each scene.
    """
    for part, scenes in (("train", train), ("val", held_out)):
        write_split(folder, part, CATEGORIES, _pictures(scenes, written))
    return folder


def _pictures(scenes: SceneSet, written: Callable[[], object]) -> Iterator[Picture]:
    for index in range(len(scenes)):
        scene = scenes.scene(index)
        yield scene.image, [DrawnObject(one.category, one.mask, one.box) for one in scene.instances]
        written()
