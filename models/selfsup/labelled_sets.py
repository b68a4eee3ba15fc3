"""Labelled images to probe encoders with, of the data set of the training or of others (transfer)."""

from typing import get_args

import torch

from models.data.cifar import cifar10
from models.data.digits import digits
from models.data.folders import ImageFolders
from models.data.images import ImageData, Split
from models.data.sources import generator_of
from models.fewshot.class_images import FewShotData
from models.fewshot.domains import fitted
from models.fewshot.readers.registry import read_source
from models.fewshot.sources import DatasetName, FewShotSource
from models.selfsup.probes.disk import probe_folders
from models.selfsup.probes.images import Normalisation, ProbeData, probe_data
from models.selfsup.run import SelfSupRun

WHOLE_SETS = ("digits", "cifar10", "imagenet")
"""Data sets with training and held-out images of the same classes."""
SETS = (*WHOLE_SETS, *(name for name in get_args(DatasetName) if name not in WHOLE_SETS))
"""The data sets that encoders are probed with; those of few-shot learning have their classes parted."""

_TRAINING_SHARE = 0.75


def read_labelled(run: SelfSupRun, dataset: str, source: FewShotSource, split: str, seed: int) -> ProbeData:
    """A data set by name, its images scaled to those that a run's encoder takes.

    source: where it is. split: the classes to take of a few-shot data set; three quarters of the images of each, chosen
    by `seed`, are to train on. Held-out digits are those of the run.

    Raises ValueError if the data is missing, damaged or of another form, or its images do not fit the encoder.
    """
    if dataset == "digits":
        return probe_data(digits(run.config.seed), run.image_shape, run.recipe)
    if dataset not in WHOLE_SETS:
        return probe_data(parted_classes(read_source(source), split, seed), run.image_shape, run.recipe)
    if source.data is None:
        raise ValueError(f"--dataset {dataset} needs --data with the folder or archive that holds it")
    if dataset == "cifar10":
        return probe_data(cifar10(source.data), run.image_shape, run.recipe)
    return probe_folders(ImageFolders(source.data, size=run.image_shape[1]), run.image_shape, run.recipe)


def read_classes(run: SelfSupRun, source: FewShotSource) -> FewShotData:
    """A few-shot data set, scaled and normalised as a run's encoder takes images. Raises as `read_labelled`."""
    moments = Normalisation(run.recipe.mean, run.recipe.std).pixels(run.image_shape[0])
    return fitted(read_source(source), run.image_shape).normalised_by(*moments)


def parted_classes(data: FewShotData, split: str, seed: int) -> ImageData:
    """The classes of a split, three quarters of the images of each to train on and the others held out.

    Raises ValueError if a class has a single image.
    """
    classes = data.split(split)
    scarce = [name for name, count in zip(classes.names, classes.counts, strict=True) if count < 2]
    if scarce:
        raise ValueError(f"class {scarce[0]} of {data.name} has 1 image; a probe needs one to train on and one to test")
    training, held_out = [], []
    for label, (first, count) in enumerate(zip(classes.offsets.tolist(), classes.counts, strict=True)):
        order = first + torch.randperm(count, generator=generator_of(f"parts {seed} {label}"))
        trained = min(count - 1, max(1, round(_TRAINING_SHARE * count)))
        training.append(order[:trained])
        held_out.append(order[trained:])
    chosen = (torch.cat(part).sort().values for part in (training, held_out))
    train, test = (Split(classes.images[part], classes.labels[part]) for part in chosen)
    return ImageData(f"{data.name}, {split} classes, seed {seed}", train, test, classes.names, data.mean, data.std)
