"""Objects of a picture: those that are there, and those that a detector finds."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Objects:
    """The objects of a picture.

    labels: (objects,), int64, from 1 on. boxes: (objects, 4), float32: left, upper, right and lower edge, in pixels.
    masks: (objects, height, width), bool. areas: (objects,), float32, in pixels. crowds: (objects,), bool; groups of
    objects, which count neither as found nor as missed.
    """

    labels: Tensor
    boxes: Tensor
    masks: Tensor
    areas: Tensor
    crowds: Tensor

    def to(self, device: torch.device, non_blocking: bool = False) -> "Objects":
        """The same on `device`."""
        parts = (self.labels, self.boxes, self.masks, self.areas, self.crowds)
        return Objects(*(part.to(device, non_blocking=non_blocking) for part in parts))

    def mirrored(self) -> "Objects":
        """The objects of the picture mirrored left to right."""
        width = self.masks.shape[2]
        left, upper, right, lower = self.boxes.unbind(1)
        boxes = torch.stack((width - right, upper, width - left, lower), 1)
        return Objects(self.labels, boxes, self.masks.flip(2), self.areas, self.crowds)

    def trained_on(self) -> dict[str, Tensor]:
        """What torchvision's networks train on: all but the crowds."""
        single = ~self.crowds
        return {
            "labels": self.labels[single],
            "boxes": self.boxes[single],
            "masks": self.masks[single].to(torch.uint8),
        }


@dataclass(frozen=True)
class Found:
    """What a detector finds in a picture: as `Objects`, with a score each, (objects,)."""

    labels: Tensor
    boxes: Tensor
    masks: Tensor
    scores: Tensor
