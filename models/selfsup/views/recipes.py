"""Recipes of views: random changes of images, and their strengths."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from models.checks import check_choice
from models.data.imagenet import RELATIVE_MEAN, RELATIVE_STD
from models.selfsup.settings import JitterOrder, Recipe

Interpolation = Literal["bilinear", "bicubic"]

_SMALLEST_SIDE = 4


@dataclass(frozen=True, kw_only=True)
class ViewRecipe:
    """The random changes of a view: crop, mirror, colour jitter, grey and blur, in this order.

    size: height and width of views, in pixels; None for those of the images. scale: least and largest share of the
    image in a crop. ratio: the same of a crop's width to its height. mirrored: probability that a view is mirrored left
    to right. brightness, contrast, saturation, hue: largest changes; hue is in turns. jittered: probability of these
    four. order: `image` draws an order of the four for every view of every image; `batch`, which is quicker, one for
    each view of an epoch, so that batches of any size share it. grey: probability of a view without colours. blurred:
    probability of a Gaussian blur. sigma: its least and largest standard deviation, in pixels. mean, std: of each
    channel, by which views are normalised, in pixel values of 0 to 1.

    Raises ValueError, naming the setting, for impossible ones.
    """

    size: int | None = None
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    interpolation: Interpolation = "bicubic"
    mirrored: float = 0.5
    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4
    hue: float = 0.1
    jittered: float = 0.8
    order: JitterOrder = "image"
    grey: float = 0.2
    blurred: float = 0.0
    sigma: tuple[float, float] = (0.1, 2.0)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.size is not None and self.size < _SMALLEST_SIDE:
            raise ValueError(f"size of views is {self.size}; allowed are {_SMALLEST_SIDE} pixels and more")
        if not 0 < self.scale[0] <= self.scale[1] <= 1:
            raise ValueError(f"scale of crops is {self.scale}; allowed are two shares above 0, up to 1, in order")
        for name in ("ratio", "sigma"):
            least, most = getattr(self, name)
            if not 0 < least <= most < float("inf"):
                raise ValueError(f"{name} is {least}, {most}; allowed are two numbers above 0, in order")
        for name in ("mirrored", "jittered", "grey", "blurred"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"probability {name} is {getattr(self, name)}; allowed are 0 to 1")
        for name, most in (("brightness", 1.0), ("contrast", 1.0), ("saturation", 1.0), ("hue", 0.5)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed are 0 to {most}")
        check_choice("interpolation", self.interpolation, Interpolation)
        check_choice("order", self.order, JitterOrder)
        if len(self.mean) != len(self.std) or not all(deviation > 0 for deviation in self.std):
            raise ValueError(
                f"mean {self.mean} and std {self.std} of channels; allowed are as many of each, std above 0"
            )

    @property
    def jitters(self) -> bool:
        """Whether any view's colours change."""
        return self.jittered > 0 and any((self.brightness, self.contrast, self.saturation, self.hue))


RECIPES: Mapping[Recipe, ViewRecipe] = {
    "cifar": ViewRecipe(),
    "imagenet": ViewRecipe(
        size=224,
        brightness=0.8,
        contrast=0.8,
        saturation=0.8,
        hue=0.2,
        blurred=0.5,
        mean=RELATIVE_MEAN,
        std=RELATIVE_STD,
    ),
}
"""The published recipes: jitter of strength 0.5 without blur at 32 x 32, of strength 1 with blur at 224 x 224."""
