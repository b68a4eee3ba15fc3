"""Procedural scenes: shapes on a ground, some hidden behind others, some of no known category."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from models.data.labelled.crops import IGNORED
from models.data.scenes.outlines import SHAPES, UNKNOWN, depth_inside
from models.data.sources import generator_of

CLASSES = ("ground", *SHAPES)
"""Names of the classes, by label."""

SMALLEST, LARGEST = 16, 4096
"""Sides of scenes, in pixels."""

_EMPTY_SHARE = 0.125
_UNKNOWN_SHARE = 0.15
_MOST_OBJECTS = 6
_RADII = 0.08, 0.32  # of the shorter side
_FEWEST_VISIBLE = 12  # pixels of an object that counts
_NOISE = 0.04


@dataclass(frozen=True)
class Instance:
    """An object. category: its label in `CLASSES`, from 1 on. mask: its visible pixels (height, width), bool.

    box: left, upper, right and lower edge of the mask, in pixels; the right and lower ones lie outside.
    """

    category: int
    mask: Tensor
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Scene:
    """A picture with its labels. image: (3, height, width), uint8. labels: (height, width), int64.

    Pixels of no class have the label `IGNORED`. instances: the objects of known category, hindmost first.
    """

    image: Tensor
    labels: Tensor
    instances: tuple[Instance, ...]


def draw_scene(seed: int, index: int, height: int, width: int) -> Scene:
    """Scene number `index`: a function of the four numbers.

    One scene in eight has no object; the others have up to six. Three objects in twenty are of no category, and their
    pixels are ignored, as are those of objects of which fewer than 12 pixels are visible. Colours and textures tell
    nothing of the category. Raises ValueError for sides outside 16 to 4096.
    """
    for name, side in (("height", height), ("width", width)):
        if not SMALLEST <= side <= LARGEST:
            raise ValueError(f"{name} of a scene is {side}; allowed are {SMALLEST} to {LARGEST} pixels")
    generator = generator_of(f"scene {seed} {index} {height} {width}")
    painted = _texture(height, width, generator)
    owners = torch.full((height, width), -1)
    shapes = _drawn_shapes(generator)
    for number, shape in enumerate(shapes):
        depth = _placed(shape, height, width, generator)
        cover = (depth + 0.5).clamp(0, 1)
        painted = painted + cover * (_texture(height, width, generator) - painted)
        owners[depth > 0] = number
    light = 0.85 + 0.3 * torch.rand((), generator=generator)
    noise = _NOISE * torch.randn(painted.shape, generator=generator)
    image = ((painted * light + noise) * 255).round().clamp(0, 255).byte()
    return Scene(image, *_annotated(shapes, owners))


def box_around(mask: Tensor) -> tuple[int, int, int, int]:
    """Left, upper, right and lower edge of the true values of a mask (height, width); see `Instance`.

    Raises ValueError if there are none.
    """
    rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
    if not len(rows):
        raise ValueError("a mask without pixels has no box")
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _drawn_shapes(generator: Generator) -> list[str]:
    """The shapes of a scene, hindmost first."""
    empty, *unknown = torch.rand(1 + _MOST_OBJECTS, generator=generator).tolist()
    count = int(torch.randint(1, _MOST_OBJECTS + 1, (), generator=generator))
    kinds = torch.randint(len(SHAPES), (_MOST_OBJECTS,), generator=generator).tolist()
    if empty < _EMPTY_SHARE:
        return []
    drawn = [UNKNOWN if one < _UNKNOWN_SHARE else SHAPES[kind] for one, kind in zip(unknown, kinds, strict=True)]
    return drawn[:count]


def _placed(shape: str, height: int, width: int, generator: Generator) -> Tensor:
    """Depth of each pixel inside a shape of random place, size and direction, in pixels: (height, width)."""
    across, along, size, turn = torch.rand(4, generator=generator).tolist()
    smallest, largest = _RADII
    radius = min(height, width) * smallest * (largest / smallest) ** size
    right = (torch.arange(width) + 0.5 - across * width) / radius
    down = (torch.arange(height) + 0.5 - along * height)[:, None] / radius
    cosine, sine = math.cos(2 * math.pi * turn), math.sin(2 * math.pi * turn)
    depth: Tensor = radius * depth_inside(shape, cosine * right + sine * down, cosine * down - sine * right)
    return depth


def _texture(height: int, width: int, generator: Generator) -> Tensor:
    """Two colours in soft stripes: (3, height, width), 0 to 1."""
    colour, other = torch.rand(2, 3, 1, 1, generator=generator)
    strength, frequency, turn, phase = torch.rand(4, generator=generator).tolist()
    right, down = torch.arange(width) / min(height, width), torch.arange(height)[:, None] / min(height, width)
    along = math.cos(math.pi * turn) * right + math.sin(math.pi * turn) * down
    stripes = 0.5 + 0.5 * torch.sin((4 + 40 * frequency) * along + 2 * math.pi * phase)
    texture: Tensor = colour + 0.6 * strength * stripes * (other - colour)
    return texture


def _annotated(shapes: list[str], owners: Tensor) -> tuple[Tensor, tuple[Instance, ...]]:
    """Labels and instances. owners: the number of the foremost shape at each pixel, -1 for the ground."""
    labels = torch.zeros_like(owners)
    instances = []
    for number, shape in enumerate(shapes):
        mask = owners == number
        if shape == UNKNOWN or int(mask.sum()) < _FEWEST_VISIBLE:
            labels[mask] = IGNORED
            continue
        category = CLASSES.index(shape)
        labels[mask] = category
        instances.append(Instance(category, mask, box_around(mask)))
    return labels, tuple(instances)
