"""The labelled pictures of segmentation, read from where its options say."""

from models.attention.training.datasets import chosen_dataset
from models.attention.training.sources import LsaSource
from models.data.labelled.ade20k import ade20k
from models.data.labelled.pictures import SegmentationData
from models.data.scenes.scene import CLASSES
from models.data.scenes.scene_set import SceneSet

DATASETS = ("shapes", "ade20k")
"""Data sets of pictures with a label for each pixel."""

_SCENES, _HELD_OUT = 1000, 200
_SCENE_SIZE, _CROP_SIZE = 128, 512


def read_scenes(source: LsaSource, seed: int) -> SegmentationData:
    """The pictures that options name. seed: chooses the procedural scenes.

    Raises ValueError if the data is missing, damaged or of another form, or does not go with an option.
    """
    dataset = chosen_dataset(source, "segment", DATASETS)
    if dataset == "ade20k":
        if source.data is None:
            raise ValueError("--dataset ade20k needs --data with the folder that holds images and annotations")
        size = source.size or _CROP_SIZE
        return ade20k(source.data, images=source.images, workers=source.workers, size=size)
    if source.data is not None:
        raise ValueError(f"data is {source.data}; the shapes need none")
    size = source.size or _SCENE_SIZE
    train = SceneSet(_SCENES if source.images is None else source.images, size, seed)
    return labelled_scenes(train, SceneSet(_HELD_OUT, size, seed, held_out=True))


def labelled_scenes(train: SceneSet, held_out: SceneSet) -> SegmentationData:
    """Procedural scenes, to train on and to hold out."""
    return SegmentationData("shapes", CLASSES, train, held_out, size=train.size)
