"""Which networks each table of chapter 6 is about. The tables `pools6` and `claims6` are ours."""

from reports.fewshot.augmentation.cells import CELLS, domain_networks, pooled_networks
from reports.fewshot.augmentation.networks import (
    DA,
    LARGE_ROTATION,
    MM,
    QUERY_CUTMIX,
    maxup,
    trained_with,
)

CLAIMED = "R2-D2, CNN-4"
"""The method of the claims, which is quick enough for several seeds."""

_CLAIMED = (
    *(QUERY_CUTMIX, "cutmix:support", LARGE_ROTATION, DA),
    *("support pool 5", "query pool 5", "13 tasks"),
    *(maxup("medium", 1), MM, maxup("single", 4)),
)

DOMAINS = ("6.7", "claims6")
"""Tables of several data sets."""


def _of_cells(number: str) -> tuple[str, ...]:
    cells = [cell for row in CELLS[number].values() for cell in row.values()]
    return tuple(dict.fromkeys(cell.network for cell in cells))


_ACROSS = tuple(name for name, _ in domain_networks().values())

TRAINING_TABLES: dict[str, tuple[str, ...]] = {
    "6.1": _of_cells("6.1"),
    "6.2": _of_cells("6.2"),
    "6.3": _of_cells("6.3"),
    "6.4": _of_cells("6.4"),
    "6.5": _of_cells("6.5"),
    "6.6": _of_cells("6.6"),
    "6.7": _ACROSS,
    "6.8": _of_cells("6.8"),
    "6.9": (),
    "6.10": _of_cells("6.10"),
    "6.11": _of_cells("6.11"),
    "6.12": _of_cells("6.12"),
    "pools6": tuple(pooled_networks().values()),
    "claims6": (CLAIMED, *(trained_with(CLAIMED, what) for what in _CLAIMED), *_ACROSS),
}
"""The networks that have to be trained for each table, by number. Table 6.9 times networks."""
