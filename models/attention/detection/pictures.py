"""Pictures with objects: procedural scenes, and files in COCO's layout."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from models.attention.detection.source import ObjectSource, Picture
from models.attention.detection.targets import Objects
from models.data.coco.layout import CocoSplit, read_split
from models.data.files import file_size, open_file
from models.data.pictures import pixels_of, read_picture
from models.data.scenes.coco_files import CATEGORIES
from models.data.scenes.scene import Scene
from models.data.scenes.scene_set import SceneSet
from models.data.sources import digest_of


@dataclass(frozen=True)
class CocoFiles:
    """The pictures of a part of a data set in COCO's layout."""

    split: CocoSplit

    def __len__(self) -> int:
        return len(self.split.pictures)

    def __getitem__(self, number: int) -> Picture:
        listed = self.split.pictures[number]
        path = self.split.path(listed)
        with open_file(path) as file:
            pixels = pixels_of(read_picture(file, path))
        if tuple(pixels.shape[1:]) != (listed.height, listed.width):
            raise ValueError(
                f"{path} has {pixels.shape[2]} x {pixels.shape[1]} pixels; it is listed with "
                f"{listed.width} x {listed.height}"
            )
        return pixels, Objects(
            torch.tensor([one.label for one in listed.objects], dtype=torch.int64),
            torch.tensor([one.box for one in listed.objects], dtype=torch.float32).view(-1, 4),
            torch.from_numpy(listed.masks()),
            torch.tensor([one.area for one in listed.objects], dtype=torch.float32),
            torch.tensor([one.crowd for one in listed.objects], dtype=torch.bool),
        )

    @cached_property
    def digest(self) -> str:
        """Depends on names and sizes in bytes of all pictures, and on their objects."""
        return digest_of(
            f"{one.file} {file_size(self.split.path(one))} {one.objects}\n".encode() for one in self.split.pictures
        )


@dataclass(frozen=True)
class Scenes:
    """Procedural scenes, drawn when they are read."""

    scenes: SceneSet

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, number: int) -> Picture:
        scene = self.scenes.scene(number)
        return scene.image, objects_of(scene)

    @property
    def digest(self) -> str:
        """Depends on all that the scenes depend on."""
        return self.scenes.digest


def coco_source(folder: Path, size: int, workers: int = 4) -> ObjectSource:
    """The data set in a folder of COCO's layout, with the parts `train` and `val`; see `read_split`.

    size: length of the shorter side to which pictures are scaled, in pixels. Raises ValueError if a part is missing or
    damaged, or the two differ in their categories.
    """
    train, held_out = (read_split(folder, part) for part in ("train", "val"))
    names, others = train.listed.categories, held_out.listed.categories
    if names != others or train.listed.category_ids != held_out.listed.category_ids:
        raise ValueError(f"{folder} has {len(names)} categories in train and {len(others)} in val, not all the same")
    return ObjectSource(folder.resolve().name, names, CocoFiles(train), CocoFiles(held_out), size, workers)


def scene_source(train: SceneSet, held_out: SceneSet, workers: int = 4) -> ObjectSource:
    """Procedural scenes, to train on and to hold out."""
    return ObjectSource("shapes", CATEGORIES, Scenes(train), Scenes(held_out), train.size, workers)


def objects_of(scene: Scene) -> Objects:
    """The instances of a scene."""
    masks: list[Tensor] = [one.mask for one in scene.instances]
    stacked = torch.stack(masks) if masks else torch.zeros(0, *scene.labels.shape, dtype=torch.bool)
    return Objects(
        torch.tensor([one.category for one in scene.instances], dtype=torch.int64),
        torch.tensor([one.box for one in scene.instances], dtype=torch.float32).view(-1, 4),
        stacked,
        stacked.flatten(1).sum(1).float(),
        torch.zeros(len(masks), dtype=torch.bool),
    )
