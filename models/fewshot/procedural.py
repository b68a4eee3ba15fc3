"""A procedural few-shot data set: a hundred classes of coloured shapes, as many images as wanted."""

import math
import pickle
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Generator, Tensor

from models.checks import check_positive
from models.fewshot.class_images import ClassImages, FewShotData
from models.files import write_with
from models.memory import check_fits

_SIZE = 32
_BYTES = 3 * _SIZE**2  # of an image
_CLASSES = {"train": 64, "val": 16, "test": 20}
_WAVES = 4
_SUPERSAMPLED = 1.0  # pixels over which an edge is blurred
_COLOUR_DEVIATIONS = 0.12, 0.12, 0.35  # of shape, stripes and ground
_LARGEST_VARIATION = 10.0


@dataclass(frozen=True)
class _Style:
    """What the images of a class have in common, a row for each class.

    amplitudes, phases: of the waves that the outline's radius is made of. colours: of shape and ground, 0 to 1.
    stripes: their direction, frequency and strength. radius: the mean radius, in halves of the image.
    """

    amplitudes: Tensor
    phases: Tensor
    colours: Tensor
    stripes: Tensor
    radius: Tensor


def procedural(seed: int = 0, *, images: int = 600, variation: float = 1.0) -> FewShotData:
    """64 training, 16 validation and 20 test classes of shapes, 32 x 32 pixels in colour.

    A class is an outline with a colour, stripes and a ground; its images differ in place, size, direction, light, the
    outline's details and noise. images: of each class. variation: scales these differences; at 0 only the noise is
    left.

    Raises ValueError for other numbers than 1 and more images, for more than fit the memory, or a variation outside 0
    to 10.
    """
    check_positive("number of images", images)
    size = _BYTES * images * sum(_CLASSES.values())
    check_fits(f"a procedural set with {images} images in each class", size, "to be drawn")
    if not 0 <= variation <= _LARGEST_VARIATION:
        raise ValueError(f"variation is {variation}; allowed are 0 to {_LARGEST_VARIATION:.0f}")
    generator = Generator().manual_seed(seed)
    splits = {}
    for split, classes in _CLASSES.items():
        styles = _draw_styles(classes, generator)
        drawn = [_draw(styles, index, images, variation, generator) for index in range(classes)]
        names = tuple(f"{split} {index}" for index in range(classes))
        splits[split] = ClassImages(torch.cat(drawn), (images,) * classes, names)
    return FewShotData(f"procedural, variation {variation:g}", splits)


def write_procedural(folder: Path, data: FewShotData) -> list[Path]:
    """Writes a data set in CIFAR-FS's format, a pickle for each split; returns the files."""
    paths = []
    for split, classes in data.splits.items():
        content = {
            "data": classes.images.permute(0, 2, 3, 1).contiguous().numpy(),
            "labels": classes.labels.tolist(),
        }
        path = folder / f"CIFAR_FS_{split}.pickle"
        write_with(path, partial(_dump, content))
        paths.append(path)
    return paths


def _dump(content: dict[str, object], path: Path) -> None:
    with path.open("wb") as file:
        pickle.dump(content, file)


def _draw_styles(classes: int, generator: Generator) -> _Style:
    def numbers(*shape: int) -> Tensor:
        return torch.rand(classes, *shape, generator=generator)

    return _Style(
        amplitudes=(numbers(_WAVES) - 0.5) * 0.5,
        phases=numbers(_WAVES) * 2 * math.pi,
        colours=numbers(3, 3),
        stripes=torch.stack([numbers() * math.pi, 0.3 + numbers(), numbers()], dim=1),
        radius=0.45 + 0.25 * numbers(),
    )


def _draw(styles: _Style, index: int, images: int, variation: float, generator: Generator) -> Tensor:
    """The images of a class: (images, 3, 32, 32), uint8."""

    def deviations(*shape: int) -> Tensor:
        return variation * torch.randn(images, *shape, generator=generator)

    places = torch.linspace(-1, 1, _SIZE)
    turn, scale = 0.4 * deviations(1, 1), 1 + 0.15 * deviations(1, 1).tanh()
    shift = 0.15 * deviations(2, 1, 1)
    down, right = places.view(1, -1, 1) - shift[:, 0], places.view(1, 1, -1) - shift[:, 1]
    distance, angle = torch.hypot(down, right) / scale, torch.atan2(down, right) + turn
    amplitudes = styles.amplitudes[index] + 0.05 * deviations(_WAVES)
    waves = torch.arange(2, _WAVES + 2).view(-1, 1, 1) * angle[:, None] + styles.phases[index].view(-1, 1, 1)
    outline = styles.radius[index] * (1 + (amplitudes[:, :, None, None] * waves.sin()).sum(1))
    inside = ((outline - distance) * _SIZE / 2 / _SUPERSAMPLED).sigmoid()[:, None]

    direction, frequency, strength = styles.stripes[index]
    along = down * torch.sin(direction + turn) + right * torch.cos(direction + turn)
    stripes = (12 * frequency * along).sin().gt(0).float()[:, None] * strength
    shape, mark, ground = (
        colour.view(1, 3, 1, 1) + deviation * deviations(3, 1, 1)
        for colour, deviation in zip(styles.colours[index], _COLOUR_DEVIATIONS, strict=True)
    )
    painted = ground + inside * (shape * (1 - stripes) + mark * stripes - ground)
    light = 1 + 0.15 * deviations(1, 1, 1).tanh()
    noise = 0.04 * torch.randn(painted.shape, generator=generator)
    levels: Tensor = ((painted * light + noise) * 255).round().clamp(0, 255).byte()
    return levels
