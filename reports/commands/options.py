"""Options that several commands share."""

from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from hw.mac.design import PUBLISHED, MacDesign
from models.data.cifar import cifar10
from models.data.digits import digits
from models.data.folders import ImageFolders
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
Out = Annotated[Path, arg(metavar="DIR", help="folder to write to; made if missing")]
Seed = Annotated[int, arg(metavar="N", help="seed of everything random")]
LibraryName = Annotated[
    str, arg(metavar="builtin|FILE.lib", help="standard cells: the built-in 45 nm table or a Liberty file")
]
ProofLimit = Annotated[
    float, arg(metavar="SECONDS", help="time each proof by Yosys may take; wide multipliers need hours")
]


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


def image_source(dataset: str, data: Path | None, seed: int) -> ImageSource:
    """The data set that a command names."""
    if dataset == "digits":
        return digits(seed)
    if data is None:
        raise ValueError(f"--dataset {dataset} needs --data with the folder or archive that holds it")
    return cifar10(data) if dataset == "cifar10" else ImageFolders(data)


def ensure_writable(path: Path | None) -> None:
    """Raises OSError now, rather than after the work, if `path` cannot be written."""
    if path is not None:
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder; a file is to be written there")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            TemporaryFile(dir=path.parent).close()
        except OSError as error:
            raise OSError(f"{path.parent} cannot be written: {error.strerror}") from error


def chosen_designs(names: tuple[str, ...], *, required: bool = True) -> list[MacDesign]:
    """The designs that a command names, each once; ValueError for a name that is none."""
    if required and not names:
        raise ValueError(f"name at least one design, such as {', '.join(PUBLISHED)}, or `all`")
    chosen: list[MacDesign] = []
    for name in names:
        chosen += PUBLISHED.values() if name == "all" else [MacDesign.parse(name)]
    return list(dict.fromkeys(chosen))
