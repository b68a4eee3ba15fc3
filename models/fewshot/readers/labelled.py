"""Labelled images as few-shot classes: some to train on, the others to test on."""

import torch

from models.data.images import ImageData
from models.fewshot.class_images import ClassImages


def split_classes(source: ImageData, training: int, seed: int) -> dict[str, ClassImages]:
    """Training and held-out images together, split by class into `train` and `test`.

    training: number of classes to train on. seed: chooses them.
    """
    images = torch.cat([source.train.images, source.test.images])
    labels = torch.cat([source.train.labels, source.test.labels])
    order = torch.randperm(len(source.classes), generator=torch.Generator().manual_seed(seed))
    splits = {}
    for split, classes in (("train", order[:training]), ("test", order[training:])):
        kept = torch.isin(labels, classes)
        splits[split] = ClassImages.from_labels(images[kept], labels[kept].tolist(), dict(enumerate(source.classes)))
    return splits
