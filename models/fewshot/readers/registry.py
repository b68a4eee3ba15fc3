"""The few-shot data sets by name."""

from pathlib import Path
from typing import Literal

from models.fewshot.class_images import FewShotData
from models.fewshot.drawings import SplitBy, read_drawings
from models.fewshot.procedural import procedural
from models.fewshot.readers.cifar import read_cifar_classes
from models.fewshot.readers.folders import read_folders
from models.fewshot.readers.omniglot import read_omniglot
from models.fewshot.readers.pickles import has_pickles, read_pickles

DatasetName = Literal["procedural", "folders", "omniglot", "cifar10", "drawings"]
"""`folders` is CIFAR-FS or mini-ImageNet as pickles, or any folder with train, val and test."""


def few_shot_data(
    name: DatasetName,
    data: Path | None,
    *,
    class_split: int = 0,
    variation: float = 1.0,
    images: int = 600,
    rotations: bool = False,
    split_by: SplitBy = "class",
) -> FewShotData:
    """A few-shot data set.

    data: its folder or archive; the procedural one needs none. class_split: seed of the procedural set, and of the
    choice of classes where the data has no splits of its own. variation, images: of the procedural set. rotations: of
    Omniglot, see `read_omniglot`. split_by: of the drawings, see `read_drawings`. Raises ValueError if the data is
    missing, damaged, or of another form.
    """
    if name == "procedural":
        return procedural(class_split, images=images, variation=variation)
    if data is None:
        raise ValueError(f"data set {name} needs the folder or archive that holds it")
    if name == "cifar10":
        return read_cifar_classes(data, class_split)
    if name == "drawings":
        return read_drawings(data, class_split, split_by)
    if not data.is_dir():
        raise ValueError(f"{data}: no such folder")
    if name == "omniglot":
        return read_omniglot(data, class_split, rotations=rotations)
    return read_pickles(data) if has_pickles(data) else read_folders(data)
