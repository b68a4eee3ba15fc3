"""The readers of few-shot data sets by name."""

from collections.abc import Iterable
from dataclasses import replace

from models.data.cifar import cifar10
from models.fewshot.class_images import FewShotData
from models.fewshot.drawings import read_drawings
from models.fewshot.procedural import procedural
from models.fewshot.readers.cifar import cifar_classes, read_cifar_classes
from models.fewshot.readers.digits import read_digit_classes
from models.fewshot.readers.folders import read_folders
from models.fewshot.readers.omniglot import read_omniglot
from models.fewshot.readers.pickles import has_pickles, read_pickles
from models.fewshot.sources import FewShotSource
from models.training.seeds import check_seed


def read_splits(source: FewShotSource, seeds: Iterable[int]) -> dict[int, FewShotData]:
    """A data set for each seed, which is that of its class split. Errors as of `read_source`.

    A set that comes with splits is the same for all seeds. Archives of CIFAR-10 are read once.
    """
    if source.dataset == "cifar10" and source.data is not None:
        images = cifar10(source.data)
        return {seed: cifar_classes(images, source.data, seed) for seed in seeds}
    if source.dataset == "folders":
        return dict.fromkeys(seeds, read_source(source))
    return {seed: read_source(replace(source, class_split=seed)) for seed in seeds}


def read_source(source: FewShotSource) -> FewShotData:
    """A few-shot data set. Raises ValueError if the data is missing, damaged, or of another form, or for a bad seed."""
    check_seed(source.class_split)
    if source.dataset == "procedural":
        return procedural(source.class_split, images=source.images, variation=source.variation)
    if source.dataset == "digits":
        return read_digit_classes(source.class_split)
    if source.data is None:
        raise ValueError(f"--dataset {source.dataset} needs --data with the folder or archive that holds it")
    if source.dataset == "cifar10":
        return read_cifar_classes(source.data, source.class_split)
    if source.dataset == "drawings":
        return read_drawings(source.data, source.class_split, source.split_by, source.training_classes)
    if not source.data.is_dir():
        raise ValueError(f"{source.data} is no folder" if source.data.exists() else f"{source.data}: no such folder")
    if source.dataset == "omniglot":
        return read_omniglot(source.data, source.class_split, rotations=source.rotations)
    return read_pickles(source.data) if has_pickles(source.data) else read_folders(source.data)
