"""What every image data set looks like once it is loaded."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Split:
    """Images (count, channels, height, width) as uint8, and their labels (count,) as int64."""

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        if self.images.dim() != 4 or self.images.dtype != torch.uint8:
            raise ValueError(
                f"images are {self.images.dtype} of shape {tuple(self.images.shape)}; 4 axes of uint8 needed"
            )
        if len(self.images) != len(self.labels) or len(self.images) == 0:
            raise ValueError(f"there are {len(self.images)} images and {len(self.labels)} labels")


@dataclass(frozen=True)
class ImageData:
    """A data set held in memory.

    name: for reports. train, test: its images. classes: names, by label. mean, std: by channel, of the training images'
    pixel values, for `normalise`.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 images as float32 with the training set's mean taken off and divided by its deviation."""
        mean = torch.tensor(self.mean, device=images.device).view(-1, 1, 1)
        std = torch.tensor(self.std, device=images.device).view(-1, 1, 1)
        return (images.float() - mean) / std
