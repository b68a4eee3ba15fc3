"""Random crop boxes for many images at once."""

import math

import numpy as np
from numpy.typing import NDArray

from models.data.draws import Integers

ATTEMPTS = 10
"""Boxes tried before the largest central one is taken."""

Numbers = NDArray[np.float64]


def crop_boxes(
    sizes: Integers,
    areas: Numbers,
    shapes: Numbers,
    places: Numbers,
    scale: tuple[float, float],
    ratio: tuple[float, float],
) -> Integers:
    """Left, upper, width and height of a box in each image, in pixels: (..., 4).

    sizes: heights and widths of the images, (..., 2). areas, shapes: uniform numbers from 0 to 1, (..., ATTEMPTS).
    places: the same, (..., 2). A box covers a uniform share of the image, `scale`, and has a ratio of width to height
    that is log-uniform within `ratio`, before rounding. The first attempt that fits counts; if none does, the box is
    the largest central one whose ratio is nearest.
    """
    heights, widths = sizes[..., 0], sizes[..., 1]
    pixels = (heights * widths)[..., None] * (scale[0] + (scale[1] - scale[0]) * areas)
    least, most = (math.log(bound) for bound in ratio)
    ratios = np.exp(least + (most - least) * shapes)
    tried_widths = np.rint(np.sqrt(pixels * ratios)).astype(np.int64)
    tried_heights = np.rint(np.sqrt(pixels / ratios)).astype(np.int64)
    fits = (tried_widths > 0) & (tried_widths <= widths[..., None])
    fits &= (tried_heights > 0) & (tried_heights <= heights[..., None])
    first = fits.argmax(-1)[..., None]
    found = fits.any(-1)
    central_widths = np.minimum(widths, np.rint(heights * ratio[1]).astype(np.int64)).clip(1)
    central_heights = np.minimum(heights, np.rint(widths / ratio[0]).astype(np.int64)).clip(1)
    box_widths = np.where(found, np.take_along_axis(tried_widths, first, -1)[..., 0], central_widths)
    box_heights = np.where(found, np.take_along_axis(tried_heights, first, -1)[..., 0], central_heights)
    spare_width, spare_height = widths - box_widths, heights - box_heights
    left = np.where(found, (places[..., 0] * (spare_width + 1)).astype(np.int64), spare_width // 2)
    upper = np.where(found, (places[..., 1] * (spare_height + 1)).astype(np.int64), spare_height // 2)
    return np.stack([left, upper, box_widths, box_heights], -1)
