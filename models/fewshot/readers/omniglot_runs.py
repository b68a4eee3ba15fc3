"""The official one-shot test of Omniglot: 20 runs of 20-way classification (Lake et al., 2015)."""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor

from models.data.files import Files, Folder, walk
from models.data.sources import digest_of, normalised
from models.data.zip_files import ZipFiles
from models.fewshot.episodes import Episode, EpisodeShape
from models.fewshot.readers.omniglot import read_drawing

RUNS = WAYS = 20

_ARCHIVE = "all_runs.zip"
_LABELS = "class_labels.txt"
_LINE = re.compile(r"(?:.*/)?(test/[^/\s]+)\s+(?:.*/)?(training/[^/\s]+)")


@dataclass(frozen=True)
class OmniglotRuns:
    """The 20 runs as episodes number 0 to 19; query i of a run is the character of support image i.

    support, query: drawings (20 runs, 20, 1, height, width), uint8, ink 255. mean, std: by which they are normalised.
    """

    support: Tensor
    query: Tensor
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    name: ClassVar[str] = "Omniglot's official runs"
    shape: ClassVar[EpisodeShape] = EpisodeShape(way=WAYS, shot=1, query=1)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the drawings."""
        channels, height, width = self.support.shape[2:]
        return channels, height, width

    @cached_property
    def digest(self) -> str:
        """Tells copies of the test apart: 16 hexadecimal digits that depend on all drawings."""
        return digest_of([self.support.contiguous().numpy().data, self.query.contiguous().numpy().data])

    def batch(self, numbers: Iterable[int]) -> Episode:
        """The runs with these numbers, normalised."""
        runs = list(numbers)
        labels = torch.arange(WAYS).expand(len(runs), -1)
        return Episode(self._normalised(self.support[runs]), labels, self._normalised(self.query[runs]), labels)

    def normalised_by(self, mean: tuple[float, ...], std: tuple[float, ...]) -> Self:
        """The same, normalised by mean and standard deviation of a run's training classes, in pixel values."""
        return replace(self, mean=mean, std=std)

    def _normalised(self, images: Tensor) -> Tensor:
        return normalised(images.flatten(0, 1), self.mean, self.std).view(images.shape)


def read_omniglot_runs(path: Path) -> OmniglotRuns:
    """The official test from all_runs.zip, from a folder with this archive, or from a folder with what it holds.

    A run is a folder with class_labels.txt, test/itemNN.png and training/classNN.png; each line of class_labels.txt
    names a test picture and the training picture of its character. Drawings are scaled as `read_omniglot` does.

    Raises ValueError if there are not 20 runs of 20 characters, a line names a picture that is missing or named twice,
    or a file is damaged.
    """
    files = _files(path)
    folders = sorted(posixpath.dirname(name) for name, _ in walk(files) if posixpath.basename(name) == _LABELS)
    if len(folders) != RUNS:
        raise ValueError(f"{files.path} holds {len(folders)} runs with {_LABELS}; the official test has {RUNS}")
    runs = [_read_run(files, folder) for folder in folders]
    return OmniglotRuns(torch.stack([support for support, _ in runs]), torch.stack([query for _, query in runs]))


def _files(path: Path) -> Files:
    archive = path / _ARCHIVE if path.is_dir() else path
    if archive.exists():
        return ZipFiles(archive)
    if not path.is_dir():
        raise ValueError(f"{path}: no such file or folder with Omniglot's runs")
    return Folder(path)


def _read_run(files: Files, folder: str) -> tuple[Tensor, Tensor]:
    """Support and queries of one run, in the order of its training pictures: (20, 1, height, width), uint8."""
    answers = _answers(files, posixpath.join(folder, _LABELS))

    def drawings(names: Iterable[str]) -> Tensor:
        return torch.stack([read_drawing(files, posixpath.join(folder, name)) for name in names])

    return drawings(sorted(answers)), drawings(answers[name] for name in sorted(answers))


def _answers(files: Files, name: str) -> dict[str, str]:
    """The test picture by the training picture of its character."""
    path = files.path / name
    with files.open(name) as file:
        lines = file.read().decode("utf-8", "replace").split("\n")
    pairs = [_LINE.fullmatch(line.strip()) for line in lines if line.strip()]
    answers = {pair[2]: pair[1] for pair in pairs if pair is not None}
    if None in pairs or len(pairs) != WAYS:
        raise ValueError(f"{path} has {len(pairs)} lines; {WAYS} lines test/NAME training/NAME needed")
    if len(answers) < WAYS or len(set(answers.values())) < WAYS:
        raise ValueError(f"{path} names a picture twice; {WAYS} of test and {WAYS} of training needed")
    return answers
