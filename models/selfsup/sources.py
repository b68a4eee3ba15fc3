"""Options of the images that self-supervised learning trains on; importing them is quick."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

DatasetName = Literal["digits", "cifar10"]


@dataclass(frozen=True, kw_only=True)
class SelfSupSource:
    """Which images to train on."""

    dataset: DatasetName = "digits"
    """The data set: scikit-learn's digits, which need no data, or cifar10."""
    data: Annotated[Path | None, arg(metavar="PATH")] = None
    """Where the data set is: CIFAR-10's python batches or image folders, or a tar of them."""
    images: int | None = None
    """Training images to use, evenly spaced; all if left out."""
