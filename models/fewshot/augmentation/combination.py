"""Combinations of augmentations, such as query CutMix with turned classes, and the pools that Meta-MaxUp draws from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from models.fewshot.augmentation.changes import Change
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.names import Mode, Part, name_of, parse_combination, parse_pool
from models.fewshot.augmentation.registry import AugmentationOptions, changes
from models.fewshot.augmentation.soft_episode import SoftEpisode

_TURNED_ALONE, _TURNED_IN_POOL = 0.25, 0.5  # published


@dataclass(frozen=True)
class Combination:
    """Augmentations that follow each other in the order of their modes: task, support, query, shot.

    A combination of none returns what it is given.
    """

    parts: tuple[Part, ...]
    changes: tuple[Change, ...]

    @classmethod
    def parse(cls, text: str, options: AugmentationOptions) -> Self:
        """A combination such as `cutmix:query+rotation:task`. Errors as of `parse_combination`."""
        return cls.of(parse_combination(text), options)

    @classmethod
    def parse_pool(cls, pool: str | Sequence[str], options: AugmentationOptions) -> tuple[Self, ...]:
        """The entries of a pool, named or listed. Errors as of `models.fewshot.augmentation.names.parse_pool`."""
        return tuple(cls.of(parts, options, in_pool=True) for parts in parse_pool(pool))

    @classmethod
    def of(cls, parts: tuple[Part, ...], options: AugmentationOptions, *, in_pool: bool = False) -> Self:
        """A combination of parts, which are in the order of their modes. in_pool: whether Meta-MaxUp draws it."""
        turned = _TURNED_IN_POOL if in_pool else _TURNED_ALONE
        known = changes(options, turned if options.turned is None else options.turned)
        return cls(parts, tuple(known[part.name][part.mode] for part in parts))

    @property
    def name(self) -> str:
        """The combination as text."""
        return name_of(self.parts)

    @property
    def classes(self) -> int:
        """Classes drawn for each way: 2 if one class is made of two."""
        return max((change.classes for change in self.changes), default=1)

    @property
    def copies(self) -> int:
        """Support images of each support image that it is given."""
        product = 1
        for change in self.changes:
            product *= change.copies
        return product

    def softens(self, mode: Mode) -> bool:
        """Whether the labels of the support, or of the queries, are no longer one-hot."""
        return any(change.softens for part, change in self._both if part.mode == mode)

    def doubles(self, mode: Mode) -> bool:
        """Whether images of the support, or of the queries, are of classes made of two."""
        return any(change.classes > 1 and part.mode in ("task", mode) for part, change in self._both)

    @property
    def keeps_support(self) -> bool:
        """Whether it leaves the support images alone, whose features then serve all such combinations."""
        return all(part.mode == "query" or change.of_features for part, change in self._both)

    @property
    def mixes_features(self) -> bool:
        """Whether it changes features, not images alone."""
        return any(change.of_features for change in self.changes)

    @property
    def turns_classes(self) -> bool:
        """Whether it turns whole classes by multiples of 90 degrees."""
        return any(change.turns is not None for change in self.changes)

    def turns(self, draws: TaskDraws, way: int) -> Tensor:
        """How many times it turns each class by 90 degrees: (tasks, way), int64, on the CPU."""
        found = torch.zeros(len(draws.numbers), way, dtype=torch.int64)
        for part, change in self._both:
            if change.turns is not None:
                found = found + change.turns(draws.named(str(part)), way)
        return found

    def of_images(self, episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
        """The episode with its images and labels changed; it loses its spare classes.

        Raises ValueError if it needs spare classes and the episode has none.
        """
        if self.classes > 1 and episode.spare is None:
            way = episode.support.shape[1]
            raise ValueError(
                f"augmentation {self.name} makes one class of two; {way} ways need {2 * way} classes drawn"
            )
        return self._applied(episode, draws, of_features=False)._replace(spare=None)

    def of_features(self, episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
        """An episode of features, (tasks, way, n, d), with its features and labels changed."""
        return self._applied(episode, draws, of_features=True)

    def _applied(self, episode: SoftEpisode, draws: TaskDraws, *, of_features: bool) -> SoftEpisode:
        for part, change in self._both:
            if change.of_features == of_features:
                episode = change.apply(episode, draws.named(str(part)))
        return episode

    @property
    def _both(self) -> Iterable[tuple[Part, Change]]:
        return zip(self.parts, self.changes, strict=True)
