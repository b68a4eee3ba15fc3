"""Views of images: random crops, mirrored, changed in colour, computed on whole batches on the images' device."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.data.draws import Integers
from models.selfsup.views.blur import blur_matrices
from models.selfsup.views.colours import remove_colour
from models.selfsup.views.jitter import HUE_PLACES, Jitter
from models.selfsup.views.parameters import ViewParameters, draw_parameters
from models.selfsup.views.recipes import ViewRecipe
from models.selfsup.views.resampling import cropped, scaled_part

_CHANNELS = (1, 3)
_CACHED_PIXELS = 1 << 17  # of the views that a processor computes at a time; their planes stay in its cache


@dataclass(frozen=True)
class Views:
    """Random views, each a function of seed, epoch, number of the image and number of the view alone.

    So they are the same in any batch, in any process and on any device: bit for bit on a CPU, if the pixels of a view
    are a multiple of 32, and up to rounding otherwise. count: views of an image. white: pixel value of white.
    """

    recipe: ViewRecipe
    seed: int
    count: int = 2
    white: int = 255

    def __call__(self, images: Tensor, numbers: Tensor, epoch: int) -> Tensor:
        """The views of images (images, channels, height, width), uint8, with these numbers in the data set.

        images: whole ones, or `crops` of each: (images, views, channels, height, width).

        Returns (views, images, channels, height, width), float32, values from 0 to 1 or normalised as the recipe says.
        Images of one channel keep it: of the changes of colour, brightness and contrast are theirs. Raises ValueError
        for other types and numbers of channels.
        """
        _check_images(images)
        size = self._size(images)
        parameters = self.parameters(numbers, epoch, np.tile(images.shape[-2:], (len(images), 1)))
        views = torch.empty(self.count * len(images), images.shape[-3], *size, device=images.device)
        with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
            for rows in self._parts(parameters, views):
                part = parameters.of(rows)
                planes = self._planes(images, rows, part, size)
                self._recolour(planes, part)
                places = _moved(rows, images.device)
                views.index_copy_(0, places, planes.transpose(0, 1))
        return views.view(self.count, len(images), *views.shape[1:])

    def crops(self, picture: Tensor, number: int, epoch: int) -> Tensor:
        """The first part of the views of a picture (channels, height, width), uint8: crops, mirrored if drawn so.

        Returns (views, channels, size, size), uint8. For pictures of different sizes, which come one by one. Raises
        ValueError if the recipe has no size of views.
        """
        if self.recipe.size is None:
            raise ValueError("pictures of different sizes need a recipe with a size of views, such as imagenet")
        parameters = self.parameters(torch.tensor([number]), epoch, np.array([picture.shape[1:]]))
        found = torch.empty(self.count, len(picture), self.recipe.size, self.recipe.size, dtype=torch.uint8)
        for view, box, mirrored in zip(found, parameters.boxes.tolist(), parameters.mirrored.tolist(), strict=True):
            part = scaled_part(picture, box, self.recipe.size, self.recipe.interpolation)
            view.copy_(part.flip(2) if mirrored else part)
        return found

    def parameters(self, numbers: Tensor, epoch: int, sizes: Integers) -> ViewParameters:
        """The parameters of the views of images with these numbers, of heights and widths `sizes` (images, 2)."""
        return draw_parameters(self.recipe, self.seed, epoch, numbers.cpu().numpy(), self.count, sizes)

    def _size(self, images: Tensor) -> tuple[int, int]:
        """Height and width of views."""
        if images.dim() == 5 or self.recipe.size is None:
            return images.shape[-2], images.shape[-1]
        return self.recipe.size, self.recipe.size

    def _parts(self, parameters: ViewParameters, views: Tensor) -> list[Integers]:
        """The views in the order of `Jitter`, those without jitter last; on a CPU in parts that its cache holds."""
        places = np.where(parameters.jittered, HUE_PLACES[parameters.orders], len(HUE_PLACES))
        rows = np.argsort(places, kind="stable")
        if views.device.type != "cpu":
            return [rows]
        at_a_time = max(1, _CACHED_PIXELS // views[0, 0].numel())
        return np.array_split(rows, -(-len(rows) // at_a_time))

    def _planes(self, images: Tensor, rows: Integers, parameters: ViewParameters, size: tuple[int, int]) -> Tensor:
        """Crops as planes: (channels, views, *size), values from 0 to 1. rows: numbers of the views."""
        chosen = _moved(rows % len(images), images.device)
        if images.dim() == 5:
            views = _moved(rows // len(images), images.device)
            return images[chosen, views].transpose(0, 1).contiguous().float().mul_(1 / self.white)
        return cropped(
            images.index_select(0, chosen).float().mul_(1 / self.white),
            _moved(parameters.boxes, images.device),
            _moved(parameters.mirrored, images.device),
            size,
            self.recipe.interpolation,
        )

    def _recolour(self, planes: Tensor, parameters: ViewParameters) -> None:
        """Changes the colours of planes (channels, views, height, width) in place."""
        jittered = int(parameters.jittered.sum())
        if jittered:
            Jitter.of(parameters.factors[:jittered], parameters.orders[:jittered], planes.device).apply(planes)
        if len(planes) == 3 and parameters.grey.any():
            remove_colour(planes, _moved(np.flatnonzero(parameters.grey), planes.device))
        if parameters.sigmas.any():
            self._blur(planes, parameters.sigmas)
        for plane, mean, deviation in zip(planes, self.recipe.mean, self.recipe.std, strict=False):
            plane.sub_(mean).div_(deviation)

    def _blur(self, planes: Tensor, sigmas: NDArray[np.float64]) -> None:
        chosen = _moved(np.flatnonzero(sigmas), planes.device)
        widths = _moved(sigmas[sigmas > 0], planes.device)
        height, width = planes.shape[2:]
        blurred = planes[:, chosen] @ blur_matrices(widths, width).transpose(1, 2)
        planes[:, chosen] = blur_matrices(widths, height) @ blurred


def check_channels(channels: int) -> None:
    """Raises ValueError for a number of channels whose colours are not known."""
    if channels not in _CHANNELS:
        raise ValueError(f"images have {channels} channels; views need 1 (grey) or 3 (red, green, blue)")


def _check_images(images: Tensor) -> None:
    if images.dim() not in (4, 5) or images.dtype != torch.uint8:
        raise ValueError(
            f"images are {images.dtype} of shape {tuple(images.shape)}; views need uint8 of (images, channels, height, "
            "width), or crops"
        )
    check_channels(images.shape[-3])


def _moved(values: NDArray[Any], device: torch.device) -> Tensor:
    return torch.from_numpy(values).to(device, non_blocking=True)
