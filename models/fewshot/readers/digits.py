"""scikit-learn's handwritten digits by classes."""

import torch

from models.data.digits import digits
from models.fewshot.class_images import ClassImages, FewShotData

_TRAINING_CLASSES = 5
_LARGEST_PIXEL, _WHITE = 16, 255


def read_digit_classes(seed: int = 0) -> FewShotData:
    """All digits, five classes to train on and five to test on: 8 x 8 pixels, ink 255.

    seed: chooses the classes. There is no validation split.
    """
    source = digits()
    images = torch.cat([source.train.images, source.test.images]).float()
    pixels = (images * _WHITE / _LARGEST_PIXEL).round().byte()
    labels = torch.cat([source.train.labels, source.test.labels])
    order = torch.randperm(len(source.classes), generator=torch.Generator().manual_seed(seed))
    splits = {}
    for split, classes in (("train", order[:_TRAINING_CLASSES]), ("test", order[_TRAINING_CLASSES:])):
        kept = torch.isin(labels, classes)
        splits[split] = ClassImages.from_labels(pixels[kept], labels[kept].tolist(), dict(enumerate(source.classes)))
    return FewShotData(f"digits by classes, split {seed}", splits)
