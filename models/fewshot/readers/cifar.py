"""CIFAR-10 by classes: some to train on, others for episodes."""

from pathlib import Path

import torch

from models.data.cifar import cifar10
from models.data.images import ImageData
from models.fewshot.class_images import ClassImages, FewShotData

_TRAINING_CLASSES = 6


def read_cifar_classes(data: Path, seed: int = 0) -> FewShotData:
    """CIFAR-10's training and held-out images together, six classes to train on and four to test on.

    seed: chooses the classes. There is no validation split. Raises ValueError as `models.data.cifar.cifar10`.
    """
    return cifar_classes(cifar10(data), data, seed)


def cifar_classes(source: ImageData, data: Path, seed: int) -> FewShotData:
    """CIFAR-10 by classes, as `read_cifar_classes`, from images that are read. data: where from, for errors."""
    images = torch.cat([source.train.images, source.test.images])
    labels = torch.cat([source.train.labels, source.test.labels])
    if len(source.classes) <= _TRAINING_CLASSES:
        raise ValueError(f"{data} has {len(source.classes)} classes; six to train on and others to test on needed")
    order = torch.randperm(len(source.classes), generator=torch.Generator().manual_seed(seed))
    chosen = {"train": order[:_TRAINING_CLASSES], "test": order[_TRAINING_CLASSES:]}
    splits = {}
    for split, classes in chosen.items():
        kept = torch.isin(labels, classes)
        splits[split] = ClassImages.from_labels(images[kept], labels[kept].tolist(), dict(enumerate(source.classes)))
    return FewShotData(f"CIFAR-10 by classes, split {seed}", splits)
