"""Changes of colours: channels dropped, bright pixels inverted."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from models.fewshot.augmentation.changes import Each, ImageChange, beside, draws_shape
from models.fewshot.augmentation.draws import TaskDraws

WHITE = 255

_SOLARIZED_FROM = 128


@dataclass(frozen=True)
class PixelValues:
    """How images were normalised. mean, std: of each channel, in pixel values of 0 to 255."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def normalised(self, value: float, images: Tensor) -> Tensor:
        """A pixel value in images' own terms: (channels, 1, 1)."""
        return (value - self._of(self.mean, images)) / self._of(self.std, images)

    def to_pixels(self, images: Tensor) -> Tensor:
        """Normalised images in pixel values."""
        return (images * self._of(self.std, images)).add_(self._of(self.mean, images))

    def from_pixels(self, images: Tensor) -> Tensor:
        """Images of pixel values, normalised."""
        return (images - self._of(self.mean, images)).div_(self._of(self.std, images))

    def _of(self, values: tuple[float, ...], images: Tensor) -> Tensor:
        return torch.tensor(values, dtype=images.dtype, device=images.device)[:, None, None]


def drop_channels(
    images: Tensor, draws: TaskDraws, each: Each, probability: float = 0.5, *, doubled: bool = False
) -> Tensor:
    """Each channel becomes 0, the mean colour of normalised images, with a probability.

    doubled: divides the others by the probability that they stay, as the published dropout does.
    """
    dropped = draws.happens("dropped", probability, *draws_shape(images, each), images.shape[3])
    kept = images / (1 - probability) if doubled else images
    return kept.masked_fill(beside(dropped, images), 0)


def solarizing(pixels: PixelValues, probability: float = 0.5) -> ImageChange:
    """Inverts all pixel values from 128 on in half of the images. Threshold and share are our reading of the text."""
    return partial(_solarize, pixels=pixels, probability=probability)


def _solarize(images: Tensor, draws: TaskDraws, each: Each, pixels: PixelValues, probability: float) -> Tensor:
    solarized = beside(draws.happens("solarized", probability, *draws_shape(images, each)), images)
    bright = images >= pixels.normalised(_SOLARIZED_FROM, images)
    mirror = pixels.normalised(0, images) + pixels.normalised(WHITE, images)
    return torch.where(bright & solarized, mirror - images, images)
