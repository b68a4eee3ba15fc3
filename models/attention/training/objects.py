"""The pictures with objects of detection, read from where its options say."""

from models.attention.detection.pictures import coco_source, scene_source
from models.attention.detection.source import ObjectSource
from models.attention.training.datasets import chosen_dataset
from models.attention.training.sources import LsaSource
from models.data.decoding import check_workers
from models.data.scenes.scene_set import SceneSet

DATASETS = ("shapes", "coco")
"""Data sets of pictures with objects."""

COCO_SIZE = 800
"""Length of the shorter side to which pictures on disk are scaled."""

_SCENES, _HELD_OUT_SCENES, _SCENE_SIZE = 2000, 500, 128


def read_objects(source: LsaSource, seed: int) -> ObjectSource:
    """The pictures that options name. seed: of the scenes.

    size: length of the shorter side to which pictures on disk are scaled, or side of the square scenes. Raises
    ValueError if the data is missing or damaged, has fewer training pictures than are asked for, or does not go with an
    option.
    """
    check_workers(source.workers)
    dataset = chosen_dataset(source, "detect", DATASETS)
    if dataset == "coco":
        if source.data is None:
            raise ValueError("--dataset coco needs --data with the folder that holds it")
        found = coco_source(source.data, source.size or COCO_SIZE, source.workers)
        return found if source.images is None else found.thinned(source.images)
    if source.data is not None:
        raise ValueError(f"data is {source.data}; the shapes need none")
    size = source.size or _SCENE_SIZE
    train = SceneSet(_SCENES if source.images is None else source.images, size, seed)
    return scene_source(train, SceneSet(_HELD_OUT_SCENES, size, seed, held_out=True), source.workers)
