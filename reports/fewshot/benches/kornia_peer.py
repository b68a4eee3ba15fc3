"""Augmentations of images by kornia, one image after another."""

from collections.abc import Mapping
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from reports.bench.contenders import Call

NAME = "kornia"

_HALF = 0.5  # of the pixel values 0 to 1


def installed_version() -> str | None:
    """The version of kornia; None if it is not installed."""
    return metadata.version(NAME) if find_spec(NAME) else None


def loops(normalised: Tensor, pixels: Tensor) -> Mapping[str, Call]:
    """Loops over images (n, channels, height, width) by the name of our augmentation.

    They draw the same erased areas, angles and shares of images as ours. normalised: images for those that do not need
    pixel values. pixels: the same images with values from 0 to 1, which kornia solarizes. Raises ValueError if kornia
    is not installed.
    """
    if installed_version() is None:
        raise ValueError("kornia is not installed; it comes with the extra bench")
    kornia = import_module("kornia.augmentation")
    erase = kornia.RandomErasing(scale=(0.02, 0.4), ratio=(0.3, 3.3), value=0.0, p=0.5)
    rotate = kornia.RandomRotation(degrees=30.0, p=1.0)
    solarize = kornia.RandomSolarize(thresholds=(_HALF, _HALF), additions=(0.0, 0.0), p=0.5)
    return {
        "random-erase:query": _loop(erase, normalised),
        "rotation:query": _loop(rotate, normalised),
        "solarize:query": _loop(solarize, pixels),
    }


def _loop(augment: Any, images: Tensor) -> Call:
    def call() -> Tensor:
        return torch.cat([augment(image[None]) for image in images])

    return call
