"""Picture files, decoded and brought to one size."""

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, WebPImagePlugin
from torch import Generator, Tensor

from models.data.transforms import random_crop_box

ENDINGS = (".jpeg", ".jpg", ".png")
"""Endings of the names of pictures, in any case."""

ALL_ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
"""Endings of all formats that are read; data sets have pictures of the usual ones alone."""

HELD_OUT_MARGIN = 256 / 224
"""Length of the shorter side of held-out pictures, relative to the crop from their middle."""

LARGEST_SMALL_SIDE = 64
"""Height and width, in pixels, up to which images are small: their networks do not shrink them at once."""

_FORMATS = ("BMP", "GIF", "JPEG", "PNG", WebPImagePlugin.WebPImageFile.format)
"""Contents that are read, whatever the ending; Pillow would run another program to read some of the others."""

_LONGEST = 256  # times the shorter side


def read_picture(file: BinaryIO, path: Path) -> Image.Image:
    """A picture, decoded, as RGB, not turned; 16-bit ones keep their eight high bits, animated ones the first frame.

    path: names it in errors. Raises ValueError if it is damaged, no picture, or of more than 89 million pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of palettes with transparency
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=_FORMATS) as picture:
                if picture.mode.startswith("I"):  # `convert` would turn all but the darkest 256 levels white
                    return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
                return picture.convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"{path} claims too many pixels: {error}") from error
    except Exception as error:  # Pillow's decoders raise errors of many types on damaged files
        raise ValueError(f"{path} is not a picture, or damaged") from error


def random_part(picture: Image.Image, size: int, *, flip: bool, generator: Generator) -> Tensor:
    """A random crop of a picture as (3, size, size), uint8; `flip` mirrors it left to right with probability 1/2."""
    part = picture.crop(random_crop_box(*picture.size, generator)).resize((size, size), Image.Resampling.BILINEAR)
    if flip and torch.rand((), generator=generator) < 0.5:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return pixels_of(part)


def middle_part(picture: Image.Image, size: int, margin: float = HELD_OUT_MARGIN) -> Tensor:
    """The central crop of a picture as (3, size, size), uint8, after scaling its shorter side to `margin` of `size`."""
    picture = _without_far_ends(picture)
    shorter = round(size * margin)
    width, height = (side * shorter // min(picture.size) for side in picture.size)
    left, upper = (width - size) // 2, (height - size) // 2
    scaled = picture.resize((width, height), Image.Resampling.BILINEAR)
    return pixels_of(scaled.crop((left, upper, left + size, upper + size)))


def seen_part(picture: Image.Image, size: int) -> Tensor:
    """The part of a picture that a network of square images sees, from its middle: (3, size, size), uint8.

    Small images show all of the picture's shorter side; others leave out ImageNet's margin.
    """
    return middle_part(picture, size, 1.0 if size <= LARGEST_SMALL_SIDE else HELD_OUT_MARGIN)


def _without_far_ends(picture: Image.Image) -> Image.Image:
    """The middle of a very long picture: scaled as a whole, it would need much memory."""
    longest = _LONGEST * min(picture.size)
    if max(picture.size) <= longest:
        return picture
    width, height = (min(side, longest) for side in picture.size)
    left, upper = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, upper, left + width, upper + height))


def pixels_of(picture: Image.Image) -> Tensor:
    """The pixels of an RGB picture: (3, height, width), uint8."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)
