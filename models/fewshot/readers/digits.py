"""scikit-learn's handwritten digits by classes."""

from dataclasses import replace

from torch import Tensor

from models.data.digits import digits
from models.fewshot.class_images import FewShotData
from models.fewshot.readers.labelled import split_classes

_TRAINING_CLASSES = 5
_LARGEST_PIXEL, _WHITE = 16, 255


def read_digit_classes(seed: int = 0) -> FewShotData:
    """All digits, five classes to train on and five to test on: 8 x 8 pixels, ink 255.

    seed: chooses the classes. There is no validation split.
    """
    splits = split_classes(digits(), _TRAINING_CLASSES, seed)
    inked = {split: replace(classes, images=_inked(classes.images)) for split, classes in splits.items()}
    return FewShotData(f"digits by classes, split {seed}", inked)


def _inked(images: Tensor) -> Tensor:
    return (images.float() * _WHITE / _LARGEST_PIXEL).round().byte()
