"""Writes procedural scenes in ADE20K's layout."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from models.data.labelled.ade20k import SPLITS
from models.data.labelled.crops import IGNORED
from models.data.scenes.scene import CLASSES, Scene
from models.data.scenes.scene_set import SceneSet
from models.files import write_text, write_with


def write_ade20k(folder: Path, train: SceneSet, test: SceneSet, written: Callable[[], object]) -> Path:
    """Writes the scenes as PNG files, without loss, with the names of the classes; returns the folder.

    written: called after each scene.
    """
    for split, scenes in zip(SPLITS, (train, test), strict=True):
        for index in range(len(scenes)):
            _write_scene(folder, split, f"{index + 1:08d}.png", scenes.scene(index))
            written()
    rows = [f"{label + 1}\t{name}" for label, name in enumerate(CLASSES)]
    write_text(folder / f"objectInfo{len(CLASSES)}.txt", "\n".join(["Idx\tName", *rows]) + "\n")
    return folder


def _write_scene(folder: Path, split: str, name: str, scene: Scene) -> None:
    values = (scene.labels + 1).masked_fill(scene.labels == IGNORED, 0)
    write_with(folder / "annotations" / split / name, partial(_save, values.byte()))
    write_with(folder / "images" / split / name, partial(_save, scene.image.permute(1, 2, 0)))


def _save(pixels: Tensor, path: Path) -> None:
    Image.fromarray(np.ascontiguousarray(pixels.numpy())).save(path, format="PNG")
