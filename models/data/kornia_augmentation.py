"""RandAugment, Mixup, CutMix and random erasing of whole batches on their device, by kornia."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from models.extras import required

_RAND_AUGMENT_GROUPS = 8
_ERASED = {"scale": (0.02, 1 / 3), "ratio": (0.3, 3.3), "value": 0.0}
_LABELLED = ["input", "class"]


@dataclass(frozen=True, kw_only=True)
class BatchAugmentation:
    """Which changes a batch goes through.

    rand_augment: operations for each image, of strength `magnitude`, 1 to 29. mixup, cutmix: probabilities for a batch,
    together at most 1. erasing: probability for an image.
    """

    rand_augment: int = 0
    magnitude: int = 9
    mixup: float = 0.0
    cutmix: float = 0.0
    erasing: float = 0.0

    @property
    def changes(self) -> bool:
        """Whether there is any change."""
        return bool(self.rand_augment or self.mixup or self.cutmix or self.erasing)


class BatchAugmenter:
    """Applies a BatchAugmentation to normalised images (batch, channels, height, width), of any number.

    All random numbers are torch's, drawn on the CPU, so the loop's seeds determine them on every device. RandAugment
    draws its operations anew for each eighth of a batch. Weights of Mixup and CutMix are uniform, each image's own.

    mean, std, white: of the images' pixel values, see ImageSource. Raises ValueError if kornia is needed and missing.
    """

    def __init__(
        self, augmentation: BatchAugmentation, mean: tuple[float, ...], std: tuple[float, ...], white: int
    ) -> None:
        self.augmentation = augmentation
        if not augmentation.changes:
            return
        kornia = required("kornia.augmentation", "augment")
        self._mean, self._std = (torch.tensor(values).view(-1, 1, 1) / white for values in (mean, std))
        self._rand_augment = kornia.auto.RandAugment(max(1, augmentation.rand_augment), augmentation.magnitude)
        self._mixup = kornia.RandomMixUpV2(data_keys=_LABELLED)
        self._cutmix = kornia.RandomCutMixV2(data_keys=_LABELLED, use_correct_lambda=True)
        self._erasing = kornia.RandomErasing(**_ERASED, p=augmentation.erasing)

    @torch.no_grad()
    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Changed images, the labels (batch,) of their partners, and the share (batch,) of their own labels."""
        if not self.augmentation.changes:
            return images, labels, torch.ones_like(labels, dtype=torch.float32)
        with torch.autocast(images.device.type, enabled=False):
            images = self._images(images)
            return self._mixed(images, labels)

    def _images(self, images: Tensor) -> Tensor:
        if self.augmentation.rand_augment:
            mean, std = (values.to(images.device, non_blocking=True) for values in (self._mean, self._std))
            pixels = (images * std + mean).clamp(0, 1)
            size = -(-len(pixels) // _RAND_AUGMENT_GROUPS)
            images = (torch.cat([self._rand_augment(part) for part in torch.split(pixels, size)]) - mean) / std
        if self.augmentation.erasing:
            images = self._erasing(images)
        return images

    def _mixed(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        drawn = torch.rand(()).item()
        found: Any
        if drawn < self.augmentation.mixup:
            images, found = self._mixup(images, labels)
            return images, found[:, 1].long(), 1 - found[:, 2]
        if drawn < self.augmentation.mixup + self.augmentation.cutmix:
            images, found = self._cutmix(images, labels)
            return images, found[0, :, 1].long(), found[0, :, 2]
        return images, labels, torch.ones_like(labels, dtype=torch.float32)
