"""Episodes and options for augmentations."""

import numpy as np
import torch

from models.data.draws import key_of
from models.fewshot.augmentation.colours import PixelValues
from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.names import MODES
from models.fewshot.augmentation.registry import AugmentationOptions
from models.fewshot.augmentation.soft_episode import SoftEpisode, soft_episode
from models.fewshot.episodes import Episode

PIXELS = PixelValues((120.0, 110.0, 100.0), (60.0, 65.0, 70.0))
OPTIONS = AugmentationOptions(pixels=PIXELS)
ALL = [f"{name}:{mode}" for name, modes in MODES.items() for mode in modes]


def random_images(
    *shape: int, seed: int = 0, dtype: torch.dtype = torch.float32, low: float = -1.5, high: float = 1.5
) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(*shape, generator=generator, dtype=dtype)


def random_episode(
    tasks: int = 3, way: int = 4, shot: int = 2, query: int = 3, size: int = 8, dtype: torch.dtype = torch.float32
) -> SoftEpisode:
    """An episode of random colour images with spare classes."""
    drawn = 2 * way
    support = random_images(tasks, drawn * shot, 3, size, size, dtype=dtype)
    queries = random_images(tasks, drawn * query, 3, size, size, seed=1, dtype=dtype)
    labels = [torch.arange(drawn).repeat_interleave(count).expand(tasks, -1) for count in (shot, query)]
    return soft_episode(Episode(support, labels[0], queries, labels[1]), way, drawn)


def numbered(tasks: int, way: int, count: int, size: int, channels: int = 1) -> torch.Tensor:
    """Images by class whose pixels all hold the number of their image in the task, in float32."""
    numbers = torch.arange(way * count, dtype=torch.float32).view(1, way, count, 1, 1, 1)
    return numbers.expand(tasks, way, count, channels, size, size).clone()


def draws_for(tasks: int, seed: int = 0, first: int = 0) -> TaskDraws:
    return TaskDraws(key_of("test", seed), np.arange(first, first + tasks))


def combination(text: str, options: AugmentationOptions = OPTIONS) -> Combination:
    return Combination.parse(text, options)
