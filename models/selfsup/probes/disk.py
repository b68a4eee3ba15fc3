"""Labelled pictures of any size on disk, which are decoded as probes need them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import torch
from PIL import Image
from torch import Tensor

from models.data.decoding import PictureFiles
from models.data.folders import ImageFolders
from models.data.pictures import seen_part
from models.data.sources import normalised
from models.selfsup.probes.images import Normalisation, ProbeData, crops_of
from models.selfsup.views.recipes import ViewRecipe


@dataclass(frozen=True)
class ImagesOnDisk:
    """A split whose pictures are read when they are needed; see ProbeImages.

    labels: (pictures,). size: height and width of the encoder's images. recipe: of the encoder's training; probes
    crop and mirror alike.
    """

    files: PictureFiles
    labels: Tensor
    size: int
    recipe: ViewRecipe

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images."""
        return 3, self.size, self.size

    def plain(self, chosen: Sequence[Tensor]) -> Iterator[Tensor]:
        """See ProbeImages; the middle of each picture. Raises ValueError, naming the picture, if one is damaged."""
        moments = Normalisation(self.recipe.mean, self.recipe.std).pixels(3)
        return (normalised(part, *moments) for part in self.files.batches(chosen, partial(_middle, size=self.size)))

    def augmented(self, chosen: Sequence[Tensor], seed: int, epoch: int) -> Iterator[Tensor]:
        """See ProbeImages; crops of the whole picture. Raises ValueError, naming the picture, if one is damaged."""
        views = crops_of(replace(self.recipe, size=self.size), seed)
        crops = self.files.batches(chosen, partial(views.crops, epoch=epoch))
        return (views(part, numbers, epoch)[0] for part, numbers in zip(crops, chosen, strict=True))

    def on(self, device: torch.device) -> Self:
        """Itself: pictures stay on disk."""
        del device
        return self


def probe_folders(folders: ImageFolders, image_shape: tuple[int, int, int], recipe: ViewRecipe) -> ProbeData:
    """Pictures by class on disk for an encoder of images of a shape (channels, height, width).

    recipe: of the encoder's training. Raises ValueError for an encoder of grey images or of ones that are not square.
    """
    channels, height, width = image_shape
    if channels != 3 or height != width:
        raise ValueError(
            f"{folders.name} has coloured pictures that are scaled to squares; the encoder takes images of "
            f"{image_shape} (channels, height, width)"
        )
    splits = [
        ImagesOnDisk(files, torch.tensor(labels), height, recipe)
        for files, labels in (
            (folders.training_files, folders.training_labels),
            (folders.held_out_files, folders.held_out_labels),
        )
    ]
    return ProbeData(folders.name, folders.digest, folders.classes, *splits)


def _middle(picture: Tensor, _number: int, size: int) -> Tensor:
    return seen_part(Image.fromarray(picture.permute(1, 2, 0).numpy()), size)
