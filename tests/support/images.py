"""Small image data sets."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from models.data.digits import digits
from models.data.images import ImageData, Split

CIFAR_BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


def few_digits() -> ImageData:
    """The first 70 training images and the first 70 held-out images of the digits."""
    data = digits()
    parts = (Split(part.images[:70], part.labels[:70]) for part in (data.train, data.test))
    return ImageData("few digits", *parts, data.classes, data.mean, data.std)


def write_batches(folder: Path, **changes: Any) -> Path:
    """Writes CIFAR-10 with ten random images a batch, in the layout of the python version; returns `folder`."""
    random = np.random.default_rng(0)
    inner = folder / "cifar-10-batches-py"
    inner.mkdir(parents=True)
    for name in CIFAR_BATCHES:
        pixels = random.integers(0, 256, (10, 3072), dtype=np.uint8)
        content = {b"data": pixels, b"labels": list(range(10)), b"batch_label": name.encode()} | changes
        (inner / name).write_bytes(pickle.dumps(content, protocol=2))
    return folder
