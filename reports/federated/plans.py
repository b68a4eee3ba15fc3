"""Which records each table of chapter 3 is made of.

The tables `rounding3` and `relay3` go beyond the given text.
"""

from collections.abc import Iterable, Mapping

from reports.federated.learners import CLIENTS, FEDAVG, FEDSGD, RELAY, ROUNDING, record_name

ROWS: Mapping[str, Mapping[str, str]] = {
    "3.1": FEDSGD,
    "3.3": FEDAVG,
    "rounding3": {", ".join(row): name for row, name in ROUNDING.items()},
    "relay3": {", ".join(row): name for row, name in RELAY.items()},
}
"""The recognisers of the tables' rows."""


def _records(learners: Iterable[str]) -> tuple[str, ...]:
    return tuple(record_name(learner, clients) for clients in CLIENTS for learner in learners)


TRAINING_TABLES: dict[str, tuple[str, ...]] = {number: _records(rows.values()) for number, rows in ROWS.items()}
"""The records that each table needs, by their names."""
