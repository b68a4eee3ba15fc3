"""The images of a run, read from where its options say."""

from dataclasses import replace
from pathlib import Path

from models.data.cifar import cifar10
from models.data.decoding import PictureFiles, pictures_in
from models.data.digits import digits
from models.data.folders import ImageFolders
from models.data.images import ImageData, Split
from models.selfsup.monitoring import evenly_spaced
from models.selfsup.sources import SelfSupSource
from models.selfsup.training_data import TrainingData, from_files, from_images

_IMAGENET_SIZE = 224
_IN_MEMORY = ("digits", "cifar10")


def read_training_data(source: SelfSupSource, seed: int) -> TrainingData:
    """The images that options name. seed: chooses the held-out digits.

    Raises ValueError if the data is missing, damaged or of another form, has fewer training images than are asked for,
    or does not go with an option.
    """
    if source.dataset in _IN_MEMORY:
        if source.size is not None:
            raise ValueError(f"size is for pictures on disk; {source.dataset} has one of its own")
        data = digits(seed) if source.dataset == "digits" else cifar10(_place(source))
        return from_images(_part(data, source.images))
    place = _place(source)
    if source.dataset == "pictures":
        return from_files(place.resolve().name, _files(pictures_in(place, source.workers), source), source.size)
    folders = ImageFolders(place, workers=source.workers)
    return from_files(folders.name, _files(folders.training_files, source), source.size or _IMAGENET_SIZE)


def _part(data: ImageData, images: int | None) -> ImageData:
    if images is None:
        return data
    _check_images(images, data.train_count, data.name)
    chosen = evenly_spaced(data.train_count, images)
    return replace(data, train=Split(data.train.images[chosen], data.train.labels[chosen]))


def _files(files: PictureFiles, source: SelfSupSource) -> PictureFiles:
    if source.images is None:
        return files
    _check_images(source.images, len(files.paths), str(source.data))
    chosen = evenly_spaced(len(files.paths), source.images).tolist()
    return replace(files, paths=tuple(files.paths[place] for place in chosen))


def _check_images(images: int, count: int, name: str) -> None:
    if not 1 <= images <= count:
        raise ValueError(f"images is {images}; {name} has {count} to train on")


def _place(source: SelfSupSource) -> Path:
    if source.data is None:
        raise ValueError(f"--dataset {source.dataset} needs --data with the folder or archive that holds it")
    return source.data
