"""Stands for kornia where it is not installed: the augmentations that the bench calls, written anew as no change."""

import sys
from types import ModuleType
from typing import Any

import pytest
from torch import Tensor

from reports.fewshot.benches import kornia_peer

VERSION = "stand-in"


class Augmentation:
    """Takes images one at a time and counts them."""

    made: list["Augmentation"] = []  # noqa: RUF012  # of all instances

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.images = 0
        self.made.append(self)

    def __call__(self, images: Tensor) -> Tensor:
        assert len(images) == 1
        self.images += 1
        return images


def install(monkeypatch: pytest.MonkeyPatch) -> list[Augmentation]:
    """Lets `import kornia.augmentation` find the stand-in. Returns the augmentations as they are made."""
    module = ModuleType("kornia.augmentation")
    module.__dict__.update(RandomErasing=Augmentation, RandomRotation=Augmentation, RandomSolarize=Augmentation)
    monkeypatch.setitem(sys.modules, "kornia", ModuleType("kornia"))
    monkeypatch.setitem(sys.modules, "kornia.augmentation", module)
    monkeypatch.setattr(kornia_peer, "installed_version", lambda: VERSION)
    monkeypatch.setattr(Augmentation, "made", [])
    return Augmentation.made
