"""Which records each table of chapter 4 is made of.

The tables `mixers4` and `claims4` go beyond the given text.
"""

from reports.attention.cells import COLUMNS, ROWS
from reports.attention.networks.names import RUN_WITH, record_name

_OF_NO_RECORD = ("4.1", "4.6", "4.10")
_ORDER = (*(f"4.{place}" for place in range(1, 14)), "mixers4")


def _records(number: str) -> tuple[str, ...]:
    if number in _OF_NO_RECORD:
        return ()
    if number == "4.7":
        return tuple(RUN_WITH)
    tasks = dict.fromkeys(measure.task for measure in COLUMNS[number].values())
    return tuple(dict.fromkeys(record_name(network, task) for network in ROWS[number].values() for task in tasks))


TRAINING_TABLES: dict[str, tuple[str, ...]] = {number: _records(number) for number in _ORDER}
"""The records that each table needs, by their names; latencies, sizes and operations need none."""

TRAINING_TABLES["claims4"] = tuple(
    dict.fromkeys(
        name for number in ("4.2", "4.3", "4.7", "4.8", "4.9", "4.11", "4.12", "4.13") for name in _records(number)
    )
)
