"""Options that several commands share, and checks on their values."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from hw.mac.design import PUBLISHED, MacDesign
from models.files import ensure_folder, ensure_writable, is_stream

if TYPE_CHECKING:
    from models.data.sources import ImageSource

_LARGEST_SIDE = 65_536

Designs = Annotated[
    Positional[tuple[str, ...]],
    arg(
        name="design",
        metavar="DESIGN",
        help="ACTIVATIONxWEIGHTxACCUMULATOR bits, with kSLOPE for a cyclic activation: 8x8x32, 3x1x8k2; `all` for the "
        f"published ones ({', '.join(PUBLISHED)})",
    ),
]
Out = Annotated[Path, arg(metavar="DIR", help="folder to write to; created if missing")]
JsonFile = Annotated[Path | None, arg(name="json", metavar="FILE", help="write the results there")]
Seed = Annotated[int, arg(metavar="N", help="seed of everything random")]
LibraryName = Annotated[
    str, arg(metavar="builtin|FILE.lib", help="standard cells: the built-in 45 nm table or a Liberty file")
]
ProofLimit = Annotated[float, arg(metavar="SECONDS", help="time limit of each proof; wide multipliers need hours")]
RunFolderName = Annotated[Positional[Path], arg(metavar="RUN", help="folder of a finished run of `train`")]
Dataset = Annotated[
    Literal["digits", "cifar10", "imagenet"],
    arg(help="digits ship with scikit-learn; imagenet is any folder with train/CLASS and val/CLASS pictures"),
]
Data = Annotated[
    Path | None,
    arg(
        metavar="DIR",
        help="the data set: CIFAR-10's python batches or image folders, or a tar of them; ImageNet-style folders",
    ),
]
TableData = Annotated[
    Path | None,
    arg(
        metavar="PATH",
        help="data set. Chapter 2: CIFAR-10, as python batches or image folders, or a tar of them. Chapter 3: "
        "the Free Spoken Digit Dataset, tone words if left out; at scale paper, the folder of LibriSpeech. Chapter 4: "
        "CIFAR-10, scikit-learn's digits if left out; at scale paper, a folder that holds imagenet, ade20k and coco. "
        "Chapters 5 and 6: drawings.npz of `make drawings`, folders of CIFAR-FS, mini-ImageNet or Omniglot, CIFAR-10; "
        "the procedural set if left out. Chapter 7: CIFAR-10; ImageNet-style folders for tables 7.2 to 7.4 at scale "
        "paper; scikit-learn's digits if left out",
    ),
]
TableScale = Annotated[
    Literal["small", "paper"],
    arg(help="small: narrow networks, few epochs, an hour or two a chapter on two cores; paper: the dissertation's"),
]

Resolution = Annotated[str, arg(metavar="N|HxW", help="pixels of the images: a side, or height and width")]


def parsed_resolution(text: str) -> tuple[int, int]:
    """Height and width from `N` or `HxW`. Raises ValueError for anything else, and for sides below 1."""
    sides = text.split("x")
    if len(sides) > 2 or not all(
        side.isascii() and side.isdigit() and 0 < int(side) <= _LARGEST_SIDE for side in sides
    ):
        raise ValueError(f"resolution is {text!r}; allowed are N or HxW with sides of 1 to {_LARGEST_SIDE} pixels")
    return int(sides[0]), int(sides[-1])


def chosen_designs(names: tuple[str, ...], *, required: bool = True) -> list[MacDesign]:
    """The named designs, each once; `all` stands for the published ones.

    Raises ValueError for an unknown name and, if `required`, for no names.
    """
    if required and not names:
        raise ValueError(f"name at least one design, such as {', '.join(PUBLISHED)}, or `all`")
    chosen: list[MacDesign] = []
    for name in names:
        chosen += PUBLISHED.values() if name == "all" else [MacDesign.parse(name)]
    return list(dict.fromkeys(chosen))


def ensure_positive(name: str, value: int) -> None:
    """Raises ValueError, naming the parameter, if `value` is not positive."""
    if value < 1:
        raise ValueError(f"{name} is {value}; allowed is an integer of at least 1")


def ensure_outputs(
    *files: Path | None,
    folders: Iterable[Path | None] = (),
    inputs: Iterable[Path | None] = (),
    data: Path | None = None,
) -> None:
    """Raises OSError if a file or folder cannot be written, and ValueError if files would overwrite each other.

    files, folders: to be written; None for an option that was left out. inputs: files that the command reads, which no
    output may overwrite. data: a folder that the command reads, in which no file may be overwritten.
    """
    read = {_identity(Path(path)): path for path in inputs if path is not None and os.path.isfile(path)}
    written: dict[object, Path] = {}
    for path in files:
        if path is None:
            continue
        ensure_writable(path)
        if is_stream(path):
            continue
        identity = _identity(path)
        if identity in read or (data is not None and _overwrites_part(path, data)):
            raise ValueError(f"{path} is also an input; choose another output")
        if identity in written:
            raise ValueError(f"{written[identity]} and {path} are the same file; each output needs its own")
        written[identity] = path
    for folder in folders:
        if folder is None:
            continue
        ensure_folder(folder)
        if _identity(folder) in written:
            raise ValueError(f"{folder} is to be both a file and a folder; each output needs its own")


def _overwrites_part(path: Path, data: Path) -> bool:
    return path.exists() and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(data))


def _identity(path: Path) -> object:
    """Tells files apart: by the file system where the file exists, which sees through links, or by its path."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


def image_source(dataset: str, data: Path | None, seed: int) -> "ImageSource":
    """The data set `dataset`, read from `data`; the seed chooses the held-out digits.

    Raises ValueError if `data` is missing or does not hold the data set.
    """
    if dataset == "digits":
        from models.data.digits import digits

        return digits(seed)
    if data is None:
        raise ValueError(f"--dataset {dataset} needs --data with the folder or archive that holds it")
    if dataset == "cifar10":
        from models.data.cifar import cifar10

        return cifar10(data)
    from models.data.folders import ImageFolders

    return ImageFolders(data)
