"""Picture files, decoded and brought to one size."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from models.data.transforms import random_crop_box

ENDINGS = (".jpeg", ".jpg", ".png")
"""Endings of the names of pictures, in any case."""

_HELD_OUT_MARGIN = 256 / 224


def read_picture(path: Path, content: BinaryIO | None = None) -> Image.Image:
    """A picture, decoded, as RGB; 16-bit ones keep their eight high bits.

    content: what to decode, if it does not lie on disk; `path` then only names it. Raises ValueError, naming the
    picture, if it is damaged or no picture.
    """
    try:
        with Image.open(content or path) as picture:
            if picture.mode.startswith("I;16"):  # `convert` would turn all but the darkest 256 levels white
                return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
            return picture.convert("RGB")
    except Exception as error:  # Pillow's decoders raise errors of many types on damaged files
        raise ValueError(f"{path} is not a picture, or damaged") from error


def random_part(picture: Image.Image, size: int, *, flip: bool, generator: Generator) -> Tensor:
    """A random crop of a picture as (3, size, size), uint8; `flip` mirrors it left to right with probability 1/2."""
    part = picture.crop(random_crop_box(*picture.size, generator)).resize((size, size), Image.Resampling.BILINEAR)
    if flip and torch.rand((), generator=generator) < 0.5:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return pixels_of(part)


def middle_part(picture: Image.Image, size: int) -> Tensor:
    """The central crop of a picture as (3, size, size), uint8, after scaling its shorter side to 256/224 of `size`."""
    shorter = round(size * _HELD_OUT_MARGIN)
    width, height = (side * shorter // min(picture.size) for side in picture.size)
    left, upper = (width - size) // 2, (height - size) // 2
    scaled = picture.resize((width, height), Image.Resampling.BILINEAR)
    return pixels_of(scaled.crop((left, upper, left + size, upper + size)))


def pixels_of(picture: Image.Image) -> Tensor:
    """The pixels of an RGB picture: (3, height, width), uint8."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)
