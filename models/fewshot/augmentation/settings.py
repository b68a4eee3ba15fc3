"""Settings of augmentation. They are collected and checked without torch, so that a command line's help is quick."""

from dataclasses import dataclass
from typing import Literal, get_args

from models.fewshot.augmentation.names import NO_AUGMENTATION, POOLS, Part, parse_combination, parse_pool

Select = Literal["task", "slot"]
"""What the maximum of Meta-MaxUp is over: the candidates of a task, or those of each query."""

DrawFor = Literal["task", "batch"]
"""What has entries of a pool of its own: each task or, as in the published code, each batch."""

_POOL = "maxup:"


@dataclass(frozen=True, kw_only=True)
class AugmentationSettings:
    """Settings of augmentation, as a command line collects them: not checked yet."""

    augment: str = NO_AUGMENTATION
    """The augmentation: name:mode, several joined by +, such as cutmix:query+rotation:task; or maxup:POOL for
    Meta-MaxUp, where POOL is one of the pools by name or a list with commas."""
    m: int = 4
    """Candidates of each task for Meta-MaxUp."""
    select: Select = "task"
    """Meta-MaxUp trains on the worst candidate of each task, or on the worst of each query (slot), as published."""
    draw: DrawFor = "task"
    """Each task has candidates of its own, or all tasks of a batch have the same, as published."""
    per_image: bool = False
    """CutMix, MixUp and Self-Mix draw for each image instead of each task."""
    copies: int = 2
    """Images made of each support image by random crops and rotations as shots, itself included."""

    def check(self) -> None:
        """Raises ValueError, naming the setting and what is allowed, for impossible settings."""
        for name, least in (("m", 1), ("copies", 2)):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed is an integer of at least {least}")
        for name, kind in (("select", Select), ("draw", DrawFor)):
            if getattr(self, name) not in get_args(kind):
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed are {', '.join(get_args(kind))}")
        _ = self.entries

    @property
    def is_pool(self) -> bool:
        """Whether it is Meta-MaxUp."""
        return self.augment.startswith(_POOL)

    @property
    def entries(self) -> tuple[tuple[Part, ...], ...]:
        """The entries of the pool; one if it is a single augmentation. Raises ValueError for impossible ones."""
        if not self.is_pool:
            return (parse_combination(self.augment),)
        pool = self.augment.removeprefix(_POOL)
        return parse_pool(pool if pool in POOLS or ":" not in pool else pool.split(","))
