"""The images that a self-supervised run trains on, read from where its options say."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import torch

from models.data.cifar import cifar10
from models.data.decoding import PictureFiles, check_workers, pictures_in
from models.data.digits import digits
from models.data.folders import ImageFolders
from models.data.images import ImageData, belong_on
from models.data.sources import digest_of, evenly_spaced
from models.selfsup.pictures import HeldPictures, Pictures, StoredPictures
from models.selfsup.sources import SelfSupSource

_IMAGENET_SIZE = 224


@dataclass(frozen=True)
class TrainingData:
    """Images to train on.

    name: for reports. digest: depends on all images. shape: channels, height and width of their views. pictures: the
    images. scaled: whether the images have sizes of their own, and only their views have this shape. labelled: the same
    images with labels, and held-out ones, for k-NN accuracy; None if there are none in memory. white: the pixel value
    of white.
    """

    name: str
    digest: str
    shape: tuple[int, int, int]
    pictures: Pictures
    scaled: bool = False
    labelled: ImageData | None = None
    white: int = 255

    @property
    def view_size(self) -> int | None:
        """The side of square views that images of different sizes are scaled to; None for views of the images' size."""
        return self.shape[1] if self.scaled else None

    def on(self, device: torch.device) -> Self:
        """The same with images that are held in memory on `device`, if they fit there."""
        if not isinstance(self.pictures, HeldPictures) or not belong_on(device, self.pictures.images):
            return self
        return replace(self, pictures=HeldPictures(self.pictures.images.to(device)))


def read_training_data(source: SelfSupSource, seed: int) -> TrainingData:
    """The images that options name. seed: chooses the held-out digits.

    Raises ValueError if the data is missing, damaged or of another form, has fewer training images than are asked for,
    or does not go with an option.
    """
    check_workers(source.workers)
    if source.dataset == "digits" and source.data is not None:
        raise ValueError(f"data is {source.data}; the digits need none")
    if source.dataset in ("digits", "cifar10"):
        if source.size is not None:
            raise ValueError(f"size is for pictures on disk; {source.dataset} has one of its own")
        data = digits(seed) if source.dataset == "digits" else cifar10(_place(source))
        return from_images(data if source.images is None else data.thinned(source.images))
    place = _place(source)
    if source.dataset == "pictures":
        return from_files(place.resolve().name, _files(pictures_in(place, source.workers), source), source.size)
    folders = ImageFolders(place, workers=source.workers)
    return from_files(folders.name, _files(folders.training_files, source), source.size or _IMAGENET_SIZE)


def from_images(data: ImageData) -> TrainingData:
    """The training images of a data set that is held in memory."""
    return TrainingData(
        data.name, data.digest, data.shape, HeldPictures(data.train.images), labelled=data, white=data.white
    )


def from_files(name: str, files: PictureFiles, size: int | None) -> TrainingData:
    """Pictures without labels: of any size, with views of `size` pixels; or, without `size`, of one size, in memory.

    Raises ValueError, naming the picture, if one is damaged or, without `size`, of another size than the first.
    """
    if size is not None:
        return TrainingData(name, files.digest, (3, size, size), StoredPictures(files), scaled=True)
    images = files.held()
    _, channels, height, width = images.shape
    digest = digest_of((str(tuple(images.shape)).encode(), images.numpy().data))
    return TrainingData(name, digest, (channels, height, width), HeldPictures(images))


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
