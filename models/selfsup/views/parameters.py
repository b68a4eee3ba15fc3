"""Parameters of views, drawn as functions of seed, epoch, image and view."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.data.draws import Integers, key_of, uniform
from models.selfsup.views.boxes import ATTEMPTS, crop_boxes
from models.selfsup.views.jitter import HUE, ORDERS
from models.selfsup.views.recipes import ViewRecipe

_AREAS = slice(0, ATTEMPTS)
_SHAPES = slice(ATTEMPTS, 2 * ATTEMPTS)
_PLACES = slice(2 * ATTEMPTS, 2 * ATTEMPTS + 2)
_MIRRORED, _JITTERED, _ORDER, _GREY, _BLURRED, _SIGMA = range(_PLACES.stop, _PLACES.stop + 6)
_FACTORS = slice(_SIGMA + 1, _SIGMA + 5)
_DRAWS = np.arange(_FACTORS.stop)


@dataclass(frozen=True)
class ViewParameters:
    """Parameters of views, a row for each; the first views of all images come first.

    boxes: left, upper, width and height of the crop, in pixels, (views, 4). mirrored, jittered, grey: (views,) bool.
    factors: of brightness, contrast and saturation, and the hue's turn, (views, 4). orders: numbers in ORDERS,
    (views,). sigmas: of the blur, in pixels, (views,); 0 for none.
    """

    boxes: Integers
    mirrored: NDArray[np.bool_]
    jittered: NDArray[np.bool_]
    factors: NDArray[np.float64]
    orders: Integers
    grey: NDArray[np.bool_]
    sigmas: NDArray[np.float64]

    def of(self, views: Integers) -> Self:
        """Those of some views, by their row."""
        return type(self)(*(getattr(self, field.name)[views] for field in fields(self)))


def draw_parameters(
    recipe: ViewRecipe, seed: int, epoch: int, numbers: Integers, views: int, sizes: Integers
) -> ViewParameters:
    """The parameters of so many views of the images with these numbers, of heights and widths `sizes` (images, 2)."""
    streams = np.arange(views)[:, None]
    drawn = uniform(key_of("views", seed, epoch), numbers[:, None], streams[..., None], _DRAWS)
    drawn = drawn.reshape(-1, drawn.shape[-1])
    boxes = crop_boxes(
        np.tile(sizes, (views, 1)),
        drawn[:, _AREAS],
        drawn[:, _SHAPES],
        drawn[:, _PLACES],
        recipe.scale,
        recipe.ratio,
    )
    least, most = recipe.sigma
    return ViewParameters(
        boxes=boxes,
        mirrored=drawn[:, _MIRRORED] < recipe.mirrored,
        jittered=drawn[:, _JITTERED] < (recipe.jittered if recipe.jitters else 0),
        factors=_factors(recipe, drawn[:, _FACTORS]),
        orders=_orders(recipe, seed, epoch, streams, drawn[:, _ORDER]),
        grey=drawn[:, _GREY] < recipe.grey,
        sigmas=np.where(drawn[:, _BLURRED] < recipe.blurred, least + (most - least) * drawn[:, _SIGMA], 0),
    )


def _factors(recipe: ViewRecipe, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    strengths = np.array([recipe.brightness, recipe.contrast, recipe.saturation, recipe.hue])
    factors: NDArray[np.float64] = (2 * drawn - 1) * strengths
    factors[:, :HUE] += 1
    return factors


def _orders(recipe: ViewRecipe, seed: int, epoch: int, streams: Integers, drawn: NDArray[np.float64]) -> Integers:
    if recipe.order == "batch":
        of_views = uniform(key_of("order of views", seed, epoch), np.zeros(1, np.int64), streams, 0)
        drawn = of_views.repeat(len(drawn) // len(streams))
    return (drawn * len(ORDERS)).astype(np.int64)
