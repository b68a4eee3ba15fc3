"""Pictures on disk, decoded batch by batch in other processes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from models.checks import check_positive
from models.data.class_folders import check_classes, pictures_by_class
from models.data.files import Folder, file_size, open_file
from models.data.pictures import ENDINGS, pixels_of, read_picture
from models.data.sources import digest_of

Change = Callable[[Tensor, int], Tensor]
"""A change of the picture (3, height, width), uint8, with this number; the results of all pictures have one shape."""


@dataclass(frozen=True)
class PictureFiles:
    """Pictures by number, of any size, none of them held in memory.

    workers: processes that decode; 0 decodes in the calling process.

    Raises ValueError if there is no picture, and for less than 0 workers.
    """

    paths: tuple[Path, ...]
    workers: int = 4

    def __post_init__(self) -> None:
        check_positive("number of pictures", len(self.paths))
        check_workers(self.workers)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that depend on the names and sizes in bytes of all pictures, in order."""
        return digest_of(f"{path.parent.name}/{path.name} {file_size(path)}\n".encode() for path in self.paths)

    def batches(self, chosen: Sequence[Tensor], change: Change) -> Iterator[Tensor]:
        """For each batch of numbers, the changed pictures with these: (batch, ...). `change` runs where they decode.

        Raises ValueError, naming the picture, if one is damaged.
        """
        return loaded(_Changed(self.paths, change), [batch.tolist() for batch in chosen], self.workers)

    def held(self) -> Tensor:
        """All pictures in memory: (pictures, 3, height, width), uint8.

        Raises ValueError, naming the picture, if one is damaged or of another size than the first.
        """
        first = _decoded(self.paths[0])
        images = torch.empty(len(self.paths), *first.shape, dtype=torch.uint8)
        for image, path in zip(images, self.paths, strict=True):
            picture = _decoded(path)
            if picture.shape != first.shape:
                sizes = (f"{size[2]} x {size[1]}" for size in (picture.shape, first.shape))
                raise ValueError(f"{path} has {next(sizes)} pixels, {self.paths[0]} has {next(sizes)}")
            image.copy_(picture)
        return images


def pictures_in(folder: Path, workers: int = 4) -> PictureFiles:
    """The pictures that lie directly in a folder, or in one folder for each class, sorted by their paths.

    Their names end in .jpeg, .jpg or .png. Hidden files are skipped, as are folders that operating systems leave.
    Raises ValueError if there is no such folder, it has no pictures, or one of several classes has none.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    entries = Folder(folder).entries("")
    found = [name for name, is_folder in entries if not is_folder and name.lower().endswith(ENDINGS)]
    if not found:
        classes = pictures_by_class(Folder(folder), "")
        check_classes(classes, folder)
        found = [path for name in sorted(classes) for path in classes[name]]
    return PictureFiles(tuple(folder / name for name in found), workers)


def check_workers(workers: int) -> None:
    """Raises ValueError for a number of processes below 0."""
    if workers < 0:
        raise ValueError(f"number of workers is {workers}; allowed are 0 and more")


def loaded(batches: Dataset[Any], chosen: Sequence[list[int]], workers: int) -> Iterator[Any]:
    """The batches of a data set that takes lists of numbers and returns batches or, in place of one, a ValueError.

    A ValueError that was raised in a worker process would bring that process's traceback; this one is raised here.
    """
    # With a generator of its own, the loader leaves the process's random state alone, which a training may draw on.
    loader = DataLoader(batches, batch_size=None, sampler=chosen, num_workers=workers, generator=torch.Generator())
    for batch in loader:
        if isinstance(batch, ValueError):
            raise batch
        yield batch


@dataclass(frozen=True)
class _Changed(Dataset[Tensor | ValueError]):
    """Batches of changed pictures, by a list of numbers."""

    paths: tuple[Path, ...]
    change: Change

    def __getitem__(self, numbers: list[int]) -> Tensor | ValueError:
        try:
            return torch.stack([self.change(_decoded(self.paths[number]), number) for number in numbers])
        except ValueError as error:
            return error


def _decoded(path: Path) -> Tensor:
    with open_file(path) as file:
        return pixels_of(read_picture(file, path))
