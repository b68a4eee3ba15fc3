"""Augmentation from its settings."""

from models.fewshot.augmentation.candidates import CandidateDraws
from models.fewshot.augmentation.colours import PixelValues
from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.registry import AugmentationOptions
from models.fewshot.augmentation.settings import AugmentationSettings


def build_augmentation(settings: AugmentationSettings, pixels: PixelValues, tasks: int, seed: int) -> MetaMaxUp:
    """The augmentation that settings name. pixels: how images were normalised. tasks: in a batch, over all processes.

    A single augmentation is a pool of one with m = 1, and the other way round.
    """
    options = AugmentationOptions(pixels=pixels, per_image=settings.per_image, copies=settings.copies)
    draws = CandidateDraws(
        pool=[Combination.of(parts, options, in_pool=not settings.is_single) for parts in settings.entries],
        count=settings.m if settings.is_pool else 1,
        draw_for=settings.draw,
        tasks=tasks,
        seed=seed,
    )
    return MetaMaxUp(draws=draws, select=settings.select if settings.is_pool else "task")
