"""Which network each number of chapter 6's tables is of, and which baseline it is compared with."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from reports.fewshot.augmentation.networks import (
    BACKBONES,
    DA,
    LARGE_ROTATION,
    MM,
    QUERY_CUTMIX,
    TRAIN_AND_VALIDATION,
    maxup,
    single,
    trained_with,
)
from reports.fewshot.augmentation.published import PUBLISHED
from reports.fewshot.networks import across, varied

SHOTS = {"1-shot": 1, "5-shot": 5}
"""Shots by the headings of columns."""

DATA_TABLES = ("6.5", "6.6")
"""Tables whose headings begin with a data set's name."""

_MODES = {"S": "support", "Q": "query", "T": "task", "Shot": "shot"}
_LIMITS = {
    ("600", "600", "full"): (),
    ("5", "600", "full"): ("support pool 5",),
    ("5 (random)", "600", "full"): ("support noise 5",),
    ("600", "5", "full"): ("query pool 5",),
    ("600", "600", "13"): ("13 tasks",),
}
_METHOD = "R2-D2, ResNet-12"
_COMPARED = "MetaOptNet, ResNet-12"


class Cell(NamedTuple):
    """network: the name of a record. baseline: that of another, whose paired difference is shown; None for none."""

    network: str
    shot: int
    baseline: str | None


Cells = Mapping[str, Mapping[str, Cell]]
"""By a table's row names and column headings."""


def domain_networks(number: str = "6.7") -> dict[str, tuple[str, str | None]]:
    """The networks of Table 6.7 with their baselines, by the headings of its columns."""
    found: dict[str, tuple[str, str | None]] = {}
    for heading in PUBLISHED[number].headings[1:]:
        method, _, what = heading.partition(" + ")
        name = trained_with(f"{method}, ResNet-12", *_further(what))
        found[heading] = across(name), across(f"{method}, ResNet-12") if what else None
    return found


def pooled_networks() -> dict[tuple[str, str, int], str]:
    """The networks with Meta-MaxUp of more than one candidate, by backbone, pool and m."""
    return {
        (backbone, pool, m): trained_with(f"R2-D2, {backbone}", maxup(pool, m))
        for backbone in BACKBONES
        for m in (2, 4)
        for pool in ("single", "medium", "large")
    }


def _further(what: str) -> tuple[str, ...]:
    """What a network is trained with, from the part of a row's name after the plus."""
    return {"": (), "DA": (DA,), "MM": (MM,)}[what]


def _of_network(
    method: str, what: tuple[str, ...], baseline: tuple[str, ...] | None, prefix: str = ""
) -> dict[str, Cell]:
    """The cells of a network for both shots. what, baseline: see `trained_with`. prefix: of the headings."""
    against = None if baseline is None or what == baseline else trained_with(method, *baseline)
    return {f"{prefix}{shown}": Cell(trained_with(method, *what), shot, against) for shown, shot in SHOTS.items()}


def _of_rows(
    number: str, what: Callable[[tuple[str, ...]], tuple[str, ...]], baseline: tuple[str, ...] = ()
) -> dict[str, dict[str, Cell]]:
    """The cells of a table of R2-D2. what: its networks are trained with, from the labels of a row."""
    table = PUBLISHED[number]
    both = any(heading.startswith(BACKBONES[0]) for heading in table.headings)
    found: dict[str, dict[str, Cell]] = {}
    for name, row in zip(table.names, table.rows, strict=True):
        kind = what(tuple(str(label) for label in row[: table.labels]))
        found[name] = _of_network(_METHOD, kind, baseline)
        if both:
            by_backbone = [_of_network(f"R2-D2, {one}", kind, baseline, f"{one} ") for one in BACKBONES]
            found[name] = by_backbone[0] | by_backbone[1]
    return found


def _single(labels: tuple[str, ...]) -> tuple[str, ...]:
    word, mode = labels
    return () if mode == "-" else (single(word, mode),)


def _combined(labels: tuple[str, ...]) -> tuple[str, ...]:
    word, _, mode = labels[0].removeprefix("+ ").removesuffix(")").partition(" (")
    return (f"{QUERY_CUTMIX}+{single(word, _MODES[mode])}",) if mode else (QUERY_CUTMIX,)


def _pooled(labels: tuple[str, ...]) -> tuple[str, ...]:
    pool, m = labels
    return () if m == "-" else (maxup(pool.lower(), int(m)),)


def _limited_methods() -> dict[str, dict[str, Cell]]:
    table = PUBLISHED["6.8"]
    found = {}
    for name, row in zip(table.names, table.rows, strict=True):
        method, backbone, *limits = map(str, row[: table.labels])
        support, query, tasks = limits
        found[name] = _of_network(f"{method}, {backbone}", _LIMITS[support, query, tasks], ())
    return found


def _methods() -> dict[str, dict[str, Cell]]:
    table = PUBLISHED["6.5"]
    found = {}
    for name, row in zip(table.names, table.rows, strict=True):
        method, _, what = str(row[0]).partition(" + ")
        found[name] = _of_network(f"{method}, {row[1]}", _further(what), ())
    return found


def _against_rotation() -> dict[str, dict[str, Cell]]:
    found = {}
    for row in PUBLISHED["6.6"].names:
        parts = row.removesuffix(" (ours)").split(" + ")[1:]
        ways = [
            trained_with(_COMPARED, kind, *([TRAIN_AND_VALIDATION] if "val" in parts else []))
            for kind in (MM if "MM" in parts else LARGE_ROTATION, LARGE_ROTATION)
        ]
        if "ens" in parts:
            ways = [varied(name, "ensemble, flip shots") for name in ways]
        network, other = ways
        found[row] = {shown: Cell(network, shot, None if network == other else other) for shown, shot in SHOTS.items()}
    return found


CELLS: Mapping[str, Cells] = {
    "6.1": _of_rows("6.1", lambda labels: _LIMITS[labels[0], labels[1], labels[2]]),
    "6.2": _of_rows("6.2", _single),
    "6.3": _of_rows("6.3", _combined, (QUERY_CUTMIX,)),
    "6.4": _of_rows("6.4", _pooled),
    "6.5": _methods(),
    "6.6": _against_rotation(),
    "6.8": _limited_methods(),
    "6.10": _of_rows("6.10", _single),
    "6.11": _of_rows("6.11", _combined, (QUERY_CUTMIX,)),
    "6.12": _of_rows("6.12", _pooled),
}
"""Of all tables but 6.7, whose rows are data sets that a user names, and 6.9, which has times."""
