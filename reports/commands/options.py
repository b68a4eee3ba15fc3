"""Options that several commands share, and checks on their values."""

from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from hw.mac.design import PUBLISHED, MacDesign

if TYPE_CHECKING:
    from models.data.sources import ImageSource

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


def ensure_writable(path: Path | None) -> None:
    """Raises OSError if the file `path` cannot be written, before a command spends time on its content."""
    if path is None:
        return
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; a file is to be written there")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise OSError(f"{path.parent} cannot be written: {error.strerror}") from error


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
