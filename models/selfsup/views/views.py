"""Views of images: random crops, mirrored, changed in colour, computed on whole batches on the images' device."""

from dataclasses import dataclass

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
from models.selfsup.views.resampling import axis_matrices

_CHANNELS = (1, 3)
_CHUNK = 64  # images of 32 x 32 that a processor's cache holds


@dataclass(frozen=True)
class Views:
    """Random views, each a function of seed, epoch, number of the image and number of the view alone.

    So they are the same in any batch, in any process and, up to rounding, on any device. count: views of an image.
    first: number of its first view. white: pixel value of white.
    """

    recipe: ViewRecipe
    seed: int
    count: int = 2
    first: int = 0
    white: int = 255

    def __call__(self, images: Tensor, numbers: Tensor, epoch: int) -> Tensor:
        """The views of images (images, channels, height, width), uint8, with these numbers in the data set.

        Returns (views, images, channels, height, width), float32, values from 0 to 1 or normalised as the recipe says.
        Images of one channel keep it: of the changes of colour, brightness and contrast are theirs. Raises ValueError
        for other types and numbers of channels.
        """
        check_images(images)
        sizes = np.broadcast_to(np.array(images.shape[2:]), (len(images), 2))
        parameters = self.parameters(numbers, epoch, sizes)
        size = self.recipe.size
        views = torch.empty(
            self.count * len(images),
            images.shape[1],
            *((size, size) if size else images.shape[2:]),
            device=images.device,
        )
        with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
            for rows in _chunks(parameters, images.device):
                part = parameters.of(rows)
                places = torch.from_numpy(rows).to(images.device, non_blocking=True)
                planes = self._cropped(images[places % len(images)], part, views.shape[2:])
                self._recolour(planes, part)
                views[places] = planes.transpose(0, 1)
        return views.view(self.count, *images.shape[:2], *views.shape[2:])

    def parameters(self, numbers: Tensor, epoch: int, sizes: Integers) -> ViewParameters:
        """What makes the views of the images with these numbers, of heights and widths `sizes` (images, 2)."""
        views = range(self.first, self.first + self.count)
        return draw_parameters(self.recipe, self.seed, epoch, numbers.cpu().numpy(), views, sizes)

    def _cropped(self, images: Tensor, parameters: ViewParameters, size: torch.Size) -> Tensor:
        """Crops of images (views, channels, height, width) as planes: (channels, views, *size)."""
        channels, height, width = images.shape[1:]
        lefts, uppers, widths, heights = torch.from_numpy(parameters.boxes).T.to(images.device, non_blocking=True)
        mirrored = torch.from_numpy(parameters.mirrored).to(images.device, non_blocking=True)
        kind = self.recipe.interpolation
        across = axis_matrices(lefts, widths, mirrored, width, size[1], kind)
        down = axis_matrices(uppers, heights, None, height, size[0], kind)
        rows = torch.bmm(images.float().div_(self.white).view(len(images), -1, width), across.transpose(1, 2))
        planes = torch.empty(channels, len(images), *size, device=images.device)
        for plane, part in zip(planes, torch.split(rows, height, 1), strict=True):
            torch.bmm(down, part, out=plane)
        return planes.clamp_(0, 1)

    def _recolour(self, planes: Tensor, parameters: ViewParameters) -> None:
        """Changes the colours of planes (channels, views, height, width) in place."""
        flat = planes.flatten(2)
        jittered = int(parameters.jittered.sum())
        if jittered:
            Jitter.of(parameters.factors[:jittered], parameters.orders[:jittered], planes.device).apply(flat)
        if len(planes) == 3 and parameters.grey.any():
            remove_colour(flat, torch.from_numpy(np.flatnonzero(parameters.grey)).to(planes.device, non_blocking=True))
        if parameters.sigmas.any():
            self._blur(planes, parameters.sigmas)
        for plane, mean, deviation in zip(planes, self.recipe.mean, self.recipe.std, strict=False):
            plane.sub_(mean).div_(deviation)

    def _blur(self, planes: Tensor, sigmas: NDArray[np.float64]) -> None:
        chosen = torch.from_numpy(np.flatnonzero(sigmas)).to(planes.device, non_blocking=True)
        widths = torch.from_numpy(sigmas[sigmas > 0]).to(planes.device, non_blocking=True)
        height, width = planes.shape[2:]
        blurred = planes[:, chosen] @ blur_matrices(widths, width).transpose(1, 2)
        planes[:, chosen] = blur_matrices(widths, height) @ blurred


def check_images(images: Tensor) -> None:
    """Raises ValueError, naming shape and type, for anything but uint8 images of one or three channels."""
    if images.dim() != 4 or images.dtype != torch.uint8 or images.shape[1] not in _CHANNELS:
        raise ValueError(
            f"images are {images.dtype} of shape {tuple(images.shape)}; views need uint8 of (images, channels, height, "
            "width) with 1 channel (grey) or 3 (red, green, blue)"
        )


def _chunks(parameters: ViewParameters, device: torch.device) -> list[Integers]:
    """The views in the order of `Jitter`, those without jitter last; on a CPU in parts that its cache holds."""
    places = np.where(parameters.jittered, HUE_PLACES[parameters.orders], len(HUE_PLACES))
    rows = np.argsort(places, kind="stable")
    if device.type != "cpu":
        return [rows]
    return np.array_split(rows, -(-len(rows) // _CHUNK))
