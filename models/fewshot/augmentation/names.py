"""The augmentations by name, their modes, and the pools of Meta-MaxUp. Collected without torch, for command lines."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

Mode = Literal["task", "support", "query", "shot"]
"""What an augmentation acts on, in the order of application: whole classes, support images, query images, or shots."""

MODES: Mapping[str, tuple[Mode, ...]] = {
    "random-erase": ("support", "query", "task"),
    "self-mix": ("support", "query"),
    "cutmix": ("support", "query", "task"),
    "mixup": ("support", "query", "task"),
    "feature-mixup": ("support", "query"),
    "rotation": ("support", "query", "task", "shot"),
    "combining-labels": ("support", "query", "task"),
    "drop-channel": ("support", "query", "task"),
    "drop-channel-doubled": ("support", "query", "task"),
    "solarize": ("support", "query"),
    "flip": ("shot",),
    "crop": ("shot",),
}
"""The modes of each augmentation (dissertation Table 6.10)."""

DRAWN_BY_TASK = ("cutmix", "mixup", "feature-mixup", "self-mix")
"""Augmentations of support or query images with one draw for each task, unless each image is to have its own."""

COPYING = ("crop", "rotation")
"""Augmentations of shots with any number of copies."""

CLASS_TURNS = "rotation:task"
"""The augmentation that turns whole classes by multiples of 90 degrees."""

QUARTER_TURNS = 4
"""Turns of a class, that by 0 degrees included."""

NO_AUGMENTATION = "none"

_SINGLE = ("cutmix:query", "random-erase:query", "self-mix:support", "rotation:task")
_MEDIUM = (*_SINGLE, "cutmix:query+rotation:task", "random-erase:query+rotation:task")
_LARGE = (
    *_MEDIUM,
    "random-erase:query+random-erase:support",
    "cutmix:query+random-erase:support",
    "cutmix:query+random-erase:query",
    "cutmix:query+self-mix:support",
)
_MEDIUM_OF_CODE = tuple(entry.replace("self-mix", "random-erase") for entry in _MEDIUM)

POOLS: Mapping[str, tuple[str, ...]] = {
    "cutmix": ("cutmix:query",),
    "single": _SINGLE,
    "medium": _MEDIUM,
    "large": _LARGE,
    "medium-published-code": _MEDIUM_OF_CODE,
    "large-published-code": (*_MEDIUM_OF_CODE, *_LARGE[6:9]),
}
"""The pools of dissertation 6.6.6. The published code erases supports instead of mixing them, and its large pool has
nine entries."""


class Part(NamedTuple):
    """An augmentation in a mode."""

    name: str
    mode: Mode

    def __str__(self) -> str:
        return f"{self.name}:{self.mode}"


def parse_combination(text: str) -> tuple[Part, ...]:
    """The parts of a combination such as `cutmix:query+rotation:task`, in the order of their modes; none for `none`.

    Raises ValueError for an unknown augmentation, a mode that it does not have, naming those that it has, and a part
    that comes twice.
    """
    if text == NO_AUGMENTATION:
        return ()
    parts = [_part(written) for written in text.split("+")]
    double = next((part for index, part in enumerate(parts) if part in parts[:index]), None)
    if double is not None:
        raise ValueError(f"augmentation {text} has {double} twice; allowed is once")
    order = get_args(Mode)
    return tuple(sorted(parts, key=lambda part: order.index(part.mode)))


def name_of(parts: Sequence[Part]) -> str:
    """A combination as text; equal combinations have equal texts."""
    return "+".join(map(str, parts)) or NO_AUGMENTATION


def parse_pool(pool: str | Sequence[str]) -> tuple[tuple[Part, ...], ...]:
    """The entries of a pool: one of `POOLS` by name, or a list of combinations.

    Raises ValueError for an unknown name, an empty pool, an entry that comes twice, and impossible combinations.
    """
    if isinstance(pool, str) and pool not in POOLS:
        raise ValueError(f"pool is {pool!r}; allowed are {', '.join(POOLS)}, or a list of augmentations")
    texts = POOLS[pool] if isinstance(pool, str) else pool
    entries = [parse_combination(text) for text in texts]
    if not entries:
        raise ValueError("pool is empty; allowed are 1 and more augmentations")
    kinds = [frozenset(entry) for entry in entries]
    double = next((entries[index] for index, kind in enumerate(kinds) if kind in kinds[:index]), None)
    if double is not None:
        raise ValueError(f"pool has {name_of(double)} twice; allowed is once")
    return tuple(entries)


def _part(written: str) -> Part:
    name, _, mode = written.strip().partition(":")
    if name not in MODES:
        raise ValueError(f"augmentation is {name!r}; allowed are {', '.join(MODES)}")
    found = next((one for one in MODES[name] if one == mode), None)
    if found is None:
        given = f"{name} has no mode {mode!r}" if mode else f"{name} names no mode"
        raise ValueError(f"augmentation {given}; it has {', '.join(MODES[name])}")
    return Part(name, found)
