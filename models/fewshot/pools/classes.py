"""Training and validation classes as one split to train on."""

import torch

from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.pools.settings import TrainOn


def training_data(data: FewShotData, train_on: TrainOn) -> FewShotData:
    """The data set with the classes to train on as its split `train`; with `train+val`, it has no split `val`.

    Images are then normalised by all classes to train on. Raises ValueError if there are no validation classes.
    """
    if train_on == "train":
        return data
    joined = _joined(data.split("train"), data.split("val"))
    return FewShotData(f"{data.name}, {train_on}", {"train": joined, "test": data.split("test")})


def _joined(classes: ClassImages, others: ClassImages) -> ClassImages:
    return ClassImages(
        torch.cat([classes.images, others.images]),
        classes.counts + others.counts,
        classes.names + others.names,
        classes.groups + others.groups,
        classes.origins + others.origins,
        classes.turns + others.turns,
    )
