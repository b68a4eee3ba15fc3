"""Settings of augmentation. They are collected and checked without torch, so that a command line's help is quick."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models.checks import check_choice
from models.fewshot.augmentation.names import (
    CLASS_TURNS,
    COPYING,
    DRAWN_BY_TASK,
    NO_AUGMENTATION,
    POOLS,
    Part,
    parse_combination,
    parse_pool,
)

Select = Literal["task", "slot"]
"""What the maximum of Meta-MaxUp is over: the candidates of a task, or those of each query."""

DrawFor = Literal["task", "batch"]
"""What has entries of a pool of its own: each task or, as in the published code, each batch."""

_POOL = "maxup:"
_MOST = 1 << 20


@dataclass(frozen=True, kw_only=True)
class AugmentationSettings:
    """Settings of augmentation, as a command line collects them: not checked yet."""

    augment: str = NO_AUGMENTATION
    """One or more of NAME:MODE joined by +, such as cutmix:query+rotation:task. NAME is random-erase, self-mix, cutmix,
    mixup, feature-mixup, rotation, combining-labels, drop-channel, drop-channel-doubled, solarize, flip or crop. MODE
    is support, query, task (whole classes) or shot (copies of support images). Or maxup:POOL for Meta-MaxUp. POOL is
    cutmix, single, medium, large, medium-published-code, large-published-code, or a list with commas."""
    m: int = 4
    """Meta-MaxUp: candidates of each task, drawn from the pool with replacement."""
    select: Select = "task"
    """Meta-MaxUp: train on the worst candidate of each task or, as the published code does, on the worst one of each
    query (slot)."""
    draw: DrawFor = "task"
    """Meta-MaxUp: candidates are drawn for each task or, as in the published code, for all tasks of a batch."""
    per_image: bool = False
    """CutMix, MixUp and Self-Mix of support or query draw for each image instead of each task."""
    copies: int = 2
    """Images that crop:shot and rotation:shot make of each support image, itself included."""

    def check(self) -> None:
        """Raises ValueError, naming the setting and what is allowed, for impossible settings and for idle ones."""
        for name, least in (("m", 1), ("copies", 2)):
            value = getattr(self, name)
            if not isinstance(value, int) or not least <= value <= _MOST:
                raise ValueError(f"{name} is {value}; allowed are the integers {least} to {_MOST}")
        for name, kind in (("select", Select), ("draw", DrawFor)):
            check_choice(name, getattr(self, name), kind)
        self._check_idle([part for entry in self.entries for part in entry])

    @property
    def is_pool(self) -> bool:
        """Whether it is Meta-MaxUp."""
        return self.augment.startswith(_POOL)

    @property
    def is_single(self) -> bool:
        """Whether it is one augmentation: without Meta-MaxUp, or with one candidate from a pool of one."""
        return not self.is_pool or len(self.entries) == self.m == 1

    @property
    def entries(self) -> tuple[tuple[Part, ...], ...]:
        """The entries of the pool; one if it is a single augmentation. Raises ValueError for impossible ones."""
        if not self.is_pool:
            return (parse_combination(self.augment),)
        pool = self.augment.removeprefix(_POOL)
        return parse_pool(pool if pool in POOLS or ":" not in pool else pool.split(","))

    @property
    def turns_classes(self) -> bool:
        """Whether whole classes turn by multiples of 90 degrees."""
        return any(str(part) == CLASS_TURNS for entry in self.entries for part in entry)

    def _check_idle(self, parts: Sequence[Part]) -> None:
        """Raises ValueError for a setting that changes nothing for an augmentation of these parts."""
        drawn_by_task = any(part.name in DRAWN_BY_TASK and part.mode != "task" for part in parts)
        copying = any(part.name in COPYING and part.mode == "shot" for part in parts)
        for names, acts, needed in (
            (("m", "select", "draw"), self.is_pool, "Meta-MaxUp, maxup:POOL"),
            (("per_image",), drawn_by_task, f"{', '.join(DRAWN_BY_TASK)} of support or query"),
            (("copies",), copying, f"{' and '.join(f'{name}:shot' for name in COPYING)}"),
        ):
            idle = next((name for name in names if getattr(self, name) != getattr(AugmentationSettings, name)), None)
            if idle is not None and not acts:
                raise ValueError(
                    f"{idle} is {getattr(self, idle)}, but augment is {self.augment}; {idle} is for {needed}"
                )
