"""Pictures in one folder per class, as ImageNet's, decoded on demand."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from models.checks import check_positive
from models.data.class_folders import check_classes, check_same_classes, labelled, pictures_by_class
from models.data.decoding import PictureFiles, check_workers, loaded
from models.data.files import Folder, file_size, open_file
from models.data.imagenet import IMAGENET_MEAN, IMAGENET_STD
from models.data.pictures import middle_part, random_part, read_picture
from models.data.sources import (
    digest_of,
    generator_of,
    normalised,
    part_of_training,
    shuffled_batches,
)
from models.data.transforms import Augmentation

_CALIBRATION_BATCH = 32


class ImageFolders:
    """An ImageSource over train/CLASS/*.JPEG and val/CLASS/*.JPEG that holds no picture in memory.

    Pictures may also end in .jpg, .jpeg or .png, in any case, and `test` may take the place of `val`. Links are
    followed. Hidden files are skipped, as are folders that operating systems leave. Labels number the classes in the
    order of their names.

    Training images are random crops (8 to 100 % of the area, sides 3:4 to 4:3), scaled to `size` x `size`; each is a
    function of the key and the picture's index alone. An augmentation's `flip` mirrors half of them; its `shift` has no
    effect, since random crops move the images already. Held-out and calibration images are scaled to 256 pixels on the
    shorter side and cropped to the central 224, in proportion for other sizes. All are normalised with ImageNet's mean
    and standard deviation.

    folder: the one that holds `train` and `val`. size: height and width of the images, in pixels. workers: processes
    that decode; 0 decodes in the calling process.

    Raises ValueError if a folder is missing, a class has no pictures, or `train` and `val` differ in their classes;
    and from the batches, if a picture is damaged.
    """

    mean, std, white = IMAGENET_MEAN, IMAGENET_STD, 255

    def __init__(self, folder: Path, *, size: int = 224, workers: int = 4) -> None:
        check_positive("size of images", size)
        check_workers(workers)
        held_out = "test" if (folder / "test").is_dir() and not (folder / "val").is_dir() else "val"
        train, test = (_classes(folder / part) for part in ("train", held_out))
        check_same_classes(train, test, folder, held_out)
        self.name = folder.resolve().name
        self.classes = tuple(sorted(train))
        self.shape = 3, size, size
        self.workers = workers
        self._train, self._test = labelled(train), labelled(test)

    @cached_property
    def digest(self) -> str:
        """Depends on the classes, and on the names and sizes in bytes of all pictures; see ImageSource."""
        pictures = (Path(path) for path, _ in (*self._train, *self._test))
        named = (f"{picture.parent.name}/{picture.name} {file_size(picture)}\n".encode() for picture in pictures)
        return digest_of((f"{self.classes} {self.shape} {self.train_count}\n".encode(), *named))

    @property
    def train_count(self) -> int:
        """Number of training images."""
        return len(self._train)

    @property
    def test_count(self) -> int:
        """Number of held-out images."""
        return len(self._test)

    @property
    def training_files(self) -> PictureFiles:
        """The training pictures as they are on disk."""
        return PictureFiles(tuple(Path(path) for path, _ in self._train), self.workers)

    @property
    def held_out_files(self) -> PictureFiles:
        """The held-out pictures as they are on disk."""
        return PictureFiles(tuple(Path(path) for path, _ in self._test), self.workers)

    @property
    def training_labels(self) -> list[int]:
        """The label of each training picture."""
        return [label for _, label in self._train]

    @property
    def held_out_labels(self) -> list[int]:
        """The label of each held-out picture."""
        return [label for _, label in self._test]

    def training_batches(
        self, batch_size: int, augmentation: Augmentation, key: str, first: int = 0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Random crops of the training pictures, shuffled, and their labels; see ImageSource."""
        batches = shuffled_batches(self.train_count, batch_size, generator_of(key))[first:]
        return self._decoded(_Pictures(self._train, self.shape[1], key, augmentation.flip), batches)

    def held_out_batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Central crops of all held-out pictures and their labels, in order."""
        check_positive("batch size", batch_size)
        batches = torch.split(torch.arange(self.test_count), batch_size)
        return self._decoded(_Pictures(self._test, self.shape[1]), batches)

    def calibration_batch(self, count: int) -> tuple[Tensor, Tensor]:
        """Central crops of `count` training pictures, evenly spaced, and their labels; of all if there are fewer."""
        check_positive("number of calibration images", count)
        count = min(count, self.train_count)
        batches = torch.split(torch.arange(count) * self.train_count // count, _CALIBRATION_BATCH)
        parts = list(self._decoded(_Pictures(self._train, self.shape[1]), batches))
        return torch.cat([images for images, _ in parts]), torch.cat([labels for _, labels in parts])

    def thinned(self, images: int) -> "ImageFolders":
        """The same with `images` of its training pictures, evenly spaced. Raises ValueError if it has fewer."""
        chosen = part_of_training(self, images).tolist()
        found = copy.copy(self)
        found.__dict__.pop("digest", None)
        found._train = [self._train[place] for place in chosen]
        return found

    def on(self, device: torch.device) -> "ImageFolders":
        """Itself: pictures stay on disk."""
        del device
        return self

    def _decoded(self, pictures: "_Pictures", batches: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        chosen = [batch.tolist() for batch in batches]
        for images, labels in loaded(pictures, chosen, self.workers):
            yield normalised(images, IMAGENET_MEAN, IMAGENET_STD), labels


@dataclass(frozen=True)
class _Pictures(Dataset[tuple[Tensor, Tensor] | ValueError]):
    """Batches of decoded pictures, by a list of indices: images (batch, 3, size, size) as uint8, and labels.

    entries: paths and labels. key: seeds the random crops; None takes the centre.
    """

    entries: list[tuple[str, int]]
    size: int
    key: str | None = None
    flip: bool = False

    def __getitem__(self, chosen: list[int]) -> tuple[Tensor, Tensor] | ValueError:
        images = torch.empty(len(chosen), 3, self.size, self.size, dtype=torch.uint8)
        try:
            for image, index in zip(images, chosen, strict=True):
                image.copy_(self._image(index))
        except ValueError as error:
            return error
        return images, torch.tensor([self.entries[index][1] for index in chosen])

    def _image(self, index: int) -> Tensor:
        path = Path(self.entries[index][0])
        with open_file(path) as file:
            picture = read_picture(file, path)
        if self.key is None:
            return middle_part(picture, self.size)
        return random_part(picture, self.size, flip=self.flip, generator=generator_of(f"{self.key} {index}"))


def _classes(folder: Path) -> dict[str, list[str]]:
    """The paths of each class's pictures, by the name of the class."""
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    classes = pictures_by_class(Folder(folder), "")
    check_classes(classes, folder)
    return {name: [f"{folder}/{path}" for path in paths] for name, paths in classes.items()}
