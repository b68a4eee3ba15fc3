"""The labels that a probe may use: shares of each class and validation parts, the same for every network."""

import torch
from torch import Tensor

from models.data.sources import generator_of

_VALIDATION_SHARE = 0.1


def labelled_part(labels: Tensor, fraction: float, seed: int, classes: tuple[str, ...]) -> Tensor:
    """The images whose labels a probe may use: (chosen,), int64, in ascending order.

    labels: of all training images. Each class gives its share, rounded, of its images. They depend on the labels, the
    seed and the class alone, and those of a smaller fraction are among those of a larger one.

    Raises ValueError for a fraction outside 0 to 1, and one that leaves a class without a label.
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"label fraction is {fraction}; allowed are numbers above 0, up to 1")
    parts = [part[: round(fraction * len(part))] for part in _by_class(labels, seed, len(classes))]
    empty = [name for name, part in zip(classes, parts, strict=True) if not len(part)]
    if empty:
        raise ValueError(
            f"a label fraction of {fraction:g} leaves {sum(map(len, parts))} labels of {len(labels)} images for "
            f"{len(classes)} classes, none for {empty[0]}"
        )
    return torch.cat(parts).sort().values


def validation_part(labels: Tensor, chosen: Tensor, seed: int, classes: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """The chosen images, parted into those to train on and a tenth of each class, one at least, to validate on.

    Raises ValueError if a class has a single label.
    """
    parts = _by_class(labels[chosen], seed, len(classes))
    scarce = [name for name, part in zip(classes, parts, strict=True) if len(part) < 2]
    if scarce:
        raise ValueError(
            f"a search needs 2 labels of each class, to train and to validate on; of {len(chosen)} labels for "
            f"{len(classes)} classes, {scarce[0]} has 1"
        )
    held = [max(1, round(_VALIDATION_SHARE * len(part))) for part in parts]
    validation = torch.cat([part[:count] for part, count in zip(parts, held, strict=True)]).sort().values
    training = torch.cat([part[count:] for part, count in zip(parts, held, strict=True)]).sort().values
    return chosen[training], chosen[validation]


def _by_class(labels: Tensor, seed: int, classes: int) -> list[Tensor]:
    """The images of each class in a random order of their own."""
    found = []
    for label in range(classes):
        images = (labels.cpu() == label).nonzero()[:, 0]
        found.append(images[torch.randperm(len(images), generator=generator_of(f"labels {seed} {label}"))])
    return found
