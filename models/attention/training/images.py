"""The labelled images of classification, read from where its options say."""

from dataclasses import replace

from models.attention.training.datasets import chosen_dataset
from models.attention.training.sources import LsaSource
from models.data.cifar import cifar10
from models.data.decoding import check_workers
from models.data.digits import digits
from models.data.fitting import fitted_images
from models.data.folders import ImageFolders
from models.data.images import ImageData, Split
from models.data.sources import ImageSource

DATASETS = ("digits", "cifar10", "imagenet")
"""Data sets of labelled images."""

_IMAGENET_SIZE = 224


def read_images(source: LsaSource, seed: int) -> ImageSource:
    """The images that options name, in three channels. seed: chooses the held-out digits.

    Raises ValueError if the data is missing, damaged or of another form, has fewer training images than are asked for,
    or does not go with an option.
    """
    check_workers(source.workers)
    dataset = chosen_dataset(source, "classify", DATASETS)
    if dataset == "digits":
        if source.data is not None:
            raise ValueError(f"data is {source.data}; the digits need none")
        return _in_memory(digits(seed), source)
    if source.data is None:
        raise ValueError(f"--dataset {dataset} needs --data with the folder or archive that holds it")
    if dataset == "cifar10":
        return _in_memory(cifar10(source.data), source)
    folders = ImageFolders(source.data, size=source.size or _IMAGENET_SIZE, workers=source.workers)
    return folders if source.images is None else folders.thinned(source.images)


def _in_memory(data: ImageData, source: LsaSource) -> ImageData:
    if source.images is not None:
        data = data.thinned(source.images)
    channels, height, width = data.shape
    shape = 3, source.size or height, source.size or width
    train, test = (Split(fitted_images(part.images, shape, data.name), part.labels) for part in (data.train, data.test))
    copies = 3 // channels
    return replace(data, train=train, test=test, mean=data.mean * copies, std=data.std * copies)
