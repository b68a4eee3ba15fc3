"""Views made one image at a time, from the definitions of their changes, in numpy, colorsys and Pillow."""

import colorsys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from models.selfsup.views.jitter import ORDERS
from models.selfsup.views.parameters import ViewParameters
from models.selfsup.views.recipes import ViewRecipe
from reports.bench import torchvision_peer

Picture = NDArray[np.float64]
"""Height, width, channels; values from 0 to 1."""

_GREY = np.array([0.2989, 0.587, 0.114])


def random_images(count: int, side: int = 32, channels: int = 3, seed: int = 0) -> Tensor:
    """Smooth random pictures with some noise: uint8."""
    random = np.random.default_rng(seed)
    coarse = torch.from_numpy(random.random((count, channels, 5, 5)))
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear").numpy()
    noisy = smooth * 255 + random.normal(0, 12, smooth.shape)
    return torch.from_numpy(noisy.clip(0, 255).astype(np.uint8))


def picture_of(image: Tensor) -> Picture:
    return image.permute(1, 2, 0).double().numpy()


def grey(picture: Picture) -> Picture:
    return (picture @ _GREY)[..., None].repeat(3, 2)


def brighter(picture: Picture, factor: float) -> Picture:
    return (picture * factor).clip(0, 1)


def contrasted(picture: Picture, factor: float) -> Picture:
    return (factor * picture + (1 - factor) * grey(picture).mean()).clip(0, 1)


def saturated(picture: Picture, factor: float) -> Picture:
    return (factor * picture + (1 - factor) * grey(picture)).clip(0, 1)


def hued(picture: Picture, turn: float) -> Picture:
    found = np.empty_like(picture)
    for place in np.ndindex(picture.shape[:2]):
        hue, saturation, value = colorsys.rgb_to_hsv(*picture[place])
        found[place] = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
    return found


CHANGES: tuple[Callable[[Picture, float], Picture], ...] = (brighter, contrasted, saturated, hued)
"""In the order of the columns of `ViewParameters.factors`."""


def recoloured(picture: Picture, parameters: ViewParameters, view: int) -> Picture:
    """The colours of one view."""
    if parameters.jittered[view]:
        for change in ORDERS[parameters.orders[view]]:
            picture = CHANGES[change](picture, parameters.factors[view, change])
    return grey(picture) if parameters.grey[view] else picture


def cropped_by_pillow(image: Tensor, box: Any, mirrored: bool, recipe: ViewRecipe, size: int) -> Picture:
    """The crop of one view, in Pillow's whole grey levels."""
    left, upper, width, height = (int(number) for number in box)
    filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    part = Image.fromarray(image.permute(1, 2, 0).numpy()).crop((left, upper, left + width, upper + height))
    scaled = np.asarray(part.resize((size, size), filters[recipe.interpolation])) / 255
    return scaled[:, ::-1] if mirrored else scaled


def torchvision_functional() -> Any:
    """torchvision.transforms.functional; skips the test without torchvision."""
    if torchvision_peer.installed_version() is None:
        pytest.skip("torchvision is not installed")
    return torchvision_peer.transforms("functional")
