"""Real handwritten digits, 8 x 8 pixels, as they ship with scikit-learn (1797 images, 10 classes)."""

from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor


@dataclass(frozen=True)
class Split:
    """Images (count, 1, 8, 8) with values from 0 to 1, and their labels (count,)."""

    images: Tensor
    labels: Tensor


def digits(seed: int = 0) -> tuple[Split, Split]:
    """Two thirds of the digits to train on and the third that is held out, with every class in proportion."""
    images, labels = load_digits(return_X_y=True)
    halves = train_test_split(images, labels, test_size=1 / 3, stratify=labels, random_state=seed)
    train_images, test_images = (torch.tensor(part, dtype=torch.float32).view(-1, 1, 8, 8) / 16 for part in halves[:2])
    train_labels, test_labels = (torch.tensor(part) for part in halves[2:])
    return Split(train_images, train_labels), Split(test_images, test_labels)
