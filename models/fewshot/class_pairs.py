"""Class pairs: two images of each of two classes, whose features regularizers and measures compare."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.checks import check_positive
from models.data.draws import Integers, distinct, key_of
from models.fewshot.class_images import FewShotData

_CLASS_STREAM, _IMAGE_STREAM = 0, 1
_IMAGES_PER_CLASS = 2


@dataclass(frozen=True)
class ClassPairs:
    """Pairs of training classes, each a function of its number alone, as episodes are.

    pairs: in a batch, each of four images. Raises ValueError if there are fewer than two classes, or a class has fewer
    than two images.
    """

    data: FewShotData
    pairs: int
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive("pairs", self.pairs)
        counts = self.data.split("train").counts
        if len(counts) < 2 or min(counts) < _IMAGES_PER_CLASS:
            raise ValueError(f"{self.data.name} needs two training classes of two images each for pairs of classes")

    def batch(self, number: int) -> tuple[Tensor, Tensor]:
        """Images (pairs, 2 classes, 2 images, channels, height, width), normalised, and classes (pairs, 2)."""
        train = self.data.split("train")
        key = key_of(self.data.digest, "pairs", self.seed)
        pairs = np.arange(number * self.pairs, (number + 1) * self.pairs)
        classes, images = drawn_pairs(key, pairs, train.counts)
        indices = torch.from_numpy(images).to(train.images.device)
        return self.data.normalise(train.images[indices]), torch.from_numpy(classes).to(train.images.device)

    def batches(self, first: int, last: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches number `first` to `last` - 1."""
        return map(self.batch, range(first, last))


def drawn_pairs(key: np.uint64, numbers: Integers, counts: Sequence[int]) -> tuple[Integers, Integers]:
    """The class pairs with these numbers: classes (pairs, 2) and images (pairs, 2 classes, 2 images).

    The two classes differ, and so do the two images of each. counts: images of each class, at least two of each; the
    images of a class lie side by side, as in `ClassImages`.
    """
    by_class = np.asarray(counts)
    classes = distinct(key, numbers, _CLASS_STREAM, np.full(len(numbers), len(by_class)), 2)
    streams = (numbers[:, None] * 2 + np.arange(2)).reshape(-1)
    chosen = distinct(key, streams, _IMAGE_STREAM, by_class[classes.reshape(-1)], _IMAGES_PER_CLASS)
    firsts = (by_class.cumsum() - by_class)[classes]
    return classes, chosen.reshape(len(numbers), 2, -1) + firsts[:, :, None]
