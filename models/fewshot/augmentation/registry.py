"""The changes of episodes by name and mode."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from models.fewshot.augmentation.changes import Change, Each, in_modes, mixing, of_classes
from models.fewshot.augmentation.colours import PixelValues, drop_channels, solarizing
from models.fewshot.augmentation.combining import COMBINING
from models.fewshot.augmentation.cutmix import cut_mix, cut_mix_classes
from models.fewshot.augmentation.erasing import random_erase
from models.fewshot.augmentation.mixup import mix_classes, mix_up
from models.fewshot.augmentation.names import Mode
from models.fewshot.augmentation.self_mix import self_mix
from models.fewshot.augmentation.shots import copying, crop, flip
from models.fewshot.augmentation.turning import class_turns, rotate, turn_classes

FLIPPED_COPIES = 2


@dataclass(frozen=True, kw_only=True)
class AugmentationOptions:
    """Options of all augmentations.

    pixels: how the images were normalised. per_image: whether CutMix, MixUp and Self-Mix draw for each image instead of
    each task. turned: probability that a class is turned by 90 degrees or more; None for 1/2 in a pool of Meta-MaxUp,
    else 1/4. copies: of a support image by random crops or rotations, itself included.

    Raises ValueError for a probability outside 0 to 1 and fewer than 2 copies.
    """

    pixels: PixelValues
    per_image: bool = False
    turned: float | None = None
    copies: int = 2

    def __post_init__(self) -> None:
        if self.turned is not None and not 0 <= self.turned <= 1:
            raise ValueError(f"turned is {self.turned}; allowed are probabilities from 0 to 1")
        if self.copies < 2:
            raise ValueError(f"copies is {self.copies}; allowed are 2 and more, the image itself included")


def changes(options: AugmentationOptions, turned: float) -> Mapping[str, Mapping[Mode, Change]]:
    """All augmentations. turned: probability that a class is turned."""
    each: Each = "image" if options.per_image else "task"
    doubled = partial(drop_channels, doubled=True)
    turning: dict[Mode, Change] = {
        "task": Change(apply=partial(turn_classes, probability=turned), turns=partial(class_turns, probability=turned))
    }
    return {
        "random-erase": in_modes(random_erase) | of_classes(random_erase),
        "self-mix": in_modes(self_mix, each),
        "cutmix": mixing(cut_mix, each) | {"task": Change(apply=cut_mix_classes, classes=2)},
        "mixup": mixing(mix_up, each) | {"task": Change(apply=mix_classes, classes=2)},
        "feature-mixup": mixing(mix_up, each, of_features=True),
        "rotation": in_modes(rotate) | turning | copying(rotate, options.copies),
        "combining-labels": COMBINING,
        "drop-channel": in_modes(drop_channels) | of_classes(drop_channels),
        "drop-channel-doubled": in_modes(doubled) | of_classes(doubled),
        "solarize": in_modes(solarizing(options.pixels)),
        "flip": copying(flip, FLIPPED_COPIES),
        "crop": copying(crop, options.copies),
    }
