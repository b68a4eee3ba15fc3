"""The images of a run, read from where its options say."""

from dataclasses import replace
from pathlib import Path

from models.data.cifar import cifar10
from models.data.digits import digits
from models.data.images import ImageData, Split
from models.selfsup.monitoring import evenly_spaced
from models.selfsup.pictures import PicturesInMemory
from models.selfsup.sources import SelfSupSource

_WHITE_DIGIT = 16


def read_pictures(source: SelfSupSource, seed: int) -> PicturesInMemory:
    """The images that options name. seed: chooses the held-out digits.

    Raises ValueError if the data is missing, damaged or of another form, or has fewer training images than are asked
    for.
    """
    if source.dataset == "digits":
        return PicturesInMemory(_part(digits(seed), source.images), _WHITE_DIGIT)
    return PicturesInMemory(_part(cifar10(_needed(source)), source.images))


def _part(data: ImageData, images: int | None) -> ImageData:
    if images is None:
        return data
    if not 1 <= images <= data.train_count:
        raise ValueError(f"images is {images}; {data.name} has {data.train_count} to train on")
    chosen = evenly_spaced(data.train_count, images)
    return replace(data, train=Split(data.train.images[chosen], data.train.labels[chosen]))


def _needed(source: SelfSupSource) -> Path:
    if source.data is None:
        raise ValueError(f"--dataset {source.dataset} needs --data with the folder or archive that holds it")
    return source.data
