"""What a self-supervised run trains on, and what it watches its features with."""

from dataclasses import dataclass, replace
from typing import Self

import torch

from models.data.decoding import PictureFiles
from models.data.images import ImageData, belong_on
from models.data.sources import digest_of
from models.selfsup.pictures import HeldPictures, Pictures, StoredPictures


@dataclass(frozen=True)
class TrainingData:
    """Images to train on.

    name: for reports. digest: depends on all images. shape: channels, height and width of their views. pictures: the
    images. scaled: whether they have sizes of their own, from which views are scaled. labelled: the same images with
    labels, and held-out ones, to watch k-NN accuracy with; None if there are none in memory. white: the pixel value of
    white.
    """

    name: str
    digest: str
    shape: tuple[int, int, int]
    pictures: Pictures
    scaled: bool = False
    labelled: ImageData | None = None
    white: int = 255

    def on(self, device: torch.device) -> Self:
        """The same with images that are held in memory on `device`, if they fit there."""
        if not isinstance(self.pictures, HeldPictures) or not belong_on(device, self.pictures.images):
            return self
        return replace(self, pictures=HeldPictures(self.pictures.images.to(device)))


def from_images(data: ImageData) -> TrainingData:
    """The training images of a data set that is held in memory."""
    return TrainingData(
        data.name, data.digest, data.shape, HeldPictures(data.train.images), labelled=data, white=data.white
    )


def from_files(name: str, files: PictureFiles, size: int | None) -> TrainingData:
    """Pictures without labels: of any size, with views of `size` pixels, or, without it, of one, held in memory.

    Raises ValueError, naming the picture, if one is damaged or, without `size`, of another size than the first.
    """
    if size is not None:
        return TrainingData(name, files.digest, (3, size, size), StoredPictures(files), scaled=True)
    images = files.held()
    _, channels, height, width = images.shape
    digest = digest_of((str(tuple(images.shape)).encode(), images.numpy().data))
    return TrainingData(name, digest, (channels, height, width), HeldPictures(images))
