"""Options of the images that self-supervised learning trains on; importing them is quick."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

DatasetName = Literal["digits", "cifar10", "pictures", "imagenet"]


@dataclass(frozen=True, kw_only=True)
class SelfSupSource:
    """The images to train on."""

    dataset: DatasetName = "digits"
    """The data set: scikit-learn's digits, which need no data; cifar10; pictures in a folder or in one folder for each
    class; imagenet, which is any folder with train/CLASS and val/CLASS pictures. Labels serve only the k-NN
    accuracy of digits and cifar10."""
    data: Annotated[Path | None, arg(metavar="PATH")] = None
    """Path of the data set: CIFAR-10's python batches or image folders, or a tar of them; or the folder of pictures."""
    images: int | None = None
    """Number of training images to use, evenly spaced; all if left out."""
    size: int | None = None
    """Height and width of views, in pixels, for pictures of any size, which are then read from disk as they are needed;
    224 for imagenet if left out. Without it, pictures are held in memory and need one size."""
    workers: int = 4
    """Number of processes that decode pictures on disk; 0 decodes in the training process."""
