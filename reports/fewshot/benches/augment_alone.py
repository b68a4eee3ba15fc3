"""The augmentations of a step by themselves: their draws and the changes of images."""

from itertools import count

import numpy as np
import torch

from models.data.draws import key_of
from models.fewshot.augmentation.build import build_augmentation
from models.fewshot.augmentation.colours import PixelValues
from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.names import MODES
from models.fewshot.augmentation.registry import AugmentationOptions
from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.augmentation.soft_episode import SoftEpisode
from models.fewshot.augmentation.standard import standard_episode
from reports.bench.contenders import Call

COMBINATIONS = (
    *(f"{name}:{mode}" for name, modes in MODES.items() for mode in modes),
    "cutmix:query+rotation:task",
)
"""All augmentations in all modes, and the chapter's DA."""

STANDARD = "flip, crop and colour jitter of all images"


class AugmentationsAlone:
    """Calls that augment an episode, each with draws of its own.

    episode: with spare classes. features: of its images, for augmentations that act on them.
    """

    def __init__(self, episode: SoftEpisode, features: SoftEpisode, pixels: PixelValues, seed: int) -> None:
        self.episode = episode
        self.features = features
        self.pixels = pixels
        self.tasks = len(episode.support)
        self.key = key_of("bench", seed)
        self._calls = count()

    def combination(self, text: str) -> Call:
        """One augmentation or several, as text."""
        parsed = Combination.parse(text, AugmentationOptions(pixels=self.pixels))
        if parsed.mixes_features:
            return lambda: parsed.of_features(self.features, self._draws())
        return lambda: parsed.of_images(self.episode, self._draws())

    def standard(self) -> Call:
        """What all learners train with before any other augmentation."""
        return lambda: standard_episode(self.episode._replace(spare=None), self._draws(), self.pixels)

    def candidates(self, pool: str, m: int) -> Call:
        """All candidates of Meta-MaxUp for a pool by name, none of their losses."""
        settings = AugmentationSettings(augment=f"maxup:{pool}", m=m)
        draws = build_augmentation(settings, self.pixels, self.tasks, seed=0).draws
        pairs = np.tile(np.arange(self.tasks), m), np.arange(m).repeat(self.tasks)
        return lambda: draws.of(self.episode, self._numbers()).augmented(*pairs)

    def _draws(self) -> TaskDraws:
        return TaskDraws(self.key, self._numbers())

    def _numbers(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        first = next(self._calls) * self.tasks
        return np.arange(first, first + self.tasks)


def features_like(episode: SoftEpisode, dimensions: int, seed: int) -> SoftEpisode:
    """An episode of random features (tasks, way, n, d) with an episode's labels."""
    generator = torch.Generator().manual_seed(seed)
    support, query = (
        torch.randn(*images.shape[:3], dimensions, generator=generator).to(images.device)
        for images in (episode.support, episode.query)
    )
    return SoftEpisode(support, episode.support_labels, query, episode.query_labels)
