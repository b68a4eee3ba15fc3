"""Omniglot: drawings of characters, from its zip archives or from folders."""

import posixpath
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.data.class_folders import pictures_by_class
from models.data.files import Files, Folder, walk
from models.data.pictures import read_picture
from models.data.zip_files import ZipFiles
from models.fewshot.class_images import ClassImages, FewShotData

_SIZE = 28
_EVALUATION = "images_evaluation"
_SHARES = {"test": 0.25, "val": 0.125}  # of the alphabets
_QUARTERS = 4


def read_omniglot(folder: Path, seed: int = 0, *, rotations: bool = False) -> FewShotData:
    """Omniglot from a folder with its zip archives, or with what these hold: ALPHABET/characterNN/*.png.

    Drawings are scaled to 28 x 28; ink is 255, paper 0. A class is a character, its group the alphabet. Alphabets in
    several archives count once. Splits never share an alphabet: if there is `images_evaluation`, its alphabets are the
    test split; otherwise the seed chooses a quarter of all. It chooses an eighth for validation, too.
    rotations: whether characters turned by 90, 180 and 270 degrees are further classes, in the same split.

    Raises ValueError if there are no alphabets, too few to split, or a drawing is damaged.
    """
    alphabets: dict[str, dict[str, Tensor]] = {}
    evaluated: set[str] = set()
    for files in _containers(folder):
        for alphabet, path in _alphabets(files):
            if alphabet not in alphabets:
                alphabets[alphabet] = _characters(files, path)
            if _EVALUATION in str(files.path / path):
                evaluated.add(alphabet)
    if not alphabets:
        raise ValueError(f"{folder} has no Omniglot archives (.zip) and no folders ALPHABET/characterNN with pictures")
    chosen = _split(sorted(alphabets), evaluated, seed)
    splits = {
        split: _classes({name: alphabets[name] for name in names}, rotations=rotations)
        for split, names in chosen.items()
    }
    return FewShotData("Omniglot" + (" with rotations" if rotations else ""), splits)


def read_drawing(files: Files, name: str) -> Tensor:
    """A drawing: (1, 28, 28), uint8, ink 255. Raises ValueError, naming it, if it is damaged."""
    with files.open(name) as file:
        picture = read_picture(file, files.path / name).convert("L")
    small = picture.resize((_SIZE, _SIZE), Image.Resampling.BOX)
    return 255 - torch.from_numpy(np.array(small))[None]


def _containers(folder: Path) -> Iterator[Files]:
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder with Omniglot")
    for path in sorted(folder.glob("*.zip")):
        if zipfile.is_zipfile(path) or path.name.startswith("images_"):
            yield ZipFiles(path)
    yield Folder(folder)


def _alphabets(files: Files) -> Iterator[tuple[str, str]]:
    """Names and paths of the folders that hold folders called characterNN."""
    folders = [path for path, is_folder in walk(files) if is_folder]
    holding = {posixpath.dirname(path) for path in folders if posixpath.basename(path).startswith("character")}
    return ((posixpath.basename(path), path) for path in sorted(holding))


def _characters(files: Files, alphabet: str) -> dict[str, Tensor]:
    found = pictures_by_class(files, alphabet)
    return {name: torch.stack([read_drawing(files, path) for path in paths]) for name, paths in found.items() if paths}


def _split(alphabets: Sequence[str], evaluated: set[str], seed: int) -> dict[str, list[str]]:
    order = torch.randperm(len(alphabets), generator=torch.Generator().manual_seed(seed)).tolist()
    free = [alphabets[index] for index in order if alphabets[index] not in evaluated]
    test = sorted(evaluated) or [free.pop() for _ in range(max(1, round(_SHARES["test"] * len(alphabets))))]
    validated = max(1, round(_SHARES["val"] * len(alphabets)))
    if len(free) <= validated:
        raise ValueError(f"there are {len(alphabets)} alphabets; splits of training, validation and test need more")
    return {"train": sorted(free[validated:]), "val": sorted(free[:validated]), "test": test}


def _classes(alphabets: dict[str, dict[str, Tensor]], *, rotations: bool) -> ClassImages:
    images, names, groups, turns = [], [], [], []
    for alphabet, characters in sorted(alphabets.items()):
        for character, drawings in sorted(characters.items()):
            for turn in range(_QUARTERS if rotations else 1):
                images.append(torch.rot90(drawings, turn, (2, 3)))
                names.append(f"{alphabet}/{character}" + (f" turned {90 * turn}" if turn else ""))
                groups.append(alphabet)
                turns.append(turn)
    counts = tuple(map(len, images))
    turned = tuple(turns) if rotations else ()
    return ClassImages(torch.cat(images), counts, tuple(names), tuple(groups), turns=turned)
