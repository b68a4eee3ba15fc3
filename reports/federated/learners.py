"""The recognisers that chapter 3's tables compare, by name. Needs no torch."""

from collections.abc import Mapping
from typing import Any

from models.federated.training.sources import ClientKind

CLIENTS: Mapping[ClientKind, str] = {"iid": "IID", "speaker": "by speaker"}
"""Who holds which utterances, with the titles of columns."""

FEDSGD: Mapping[str, str] = {"float32": "FedSGD float32", "int8": "FedSGD int8", "int4": "FedSGD int4"}
FEDAVG: Mapping[str, str] = {"float32": "FedAVG float32", "QAT": "QAT int8", "FedAQT": "FedAVG int8"}
ROUNDING: Mapping[tuple[str, str], str] = {
    ("int8", "nearest"): "FedAVG int8",
    ("int8", "stochastic"): "FedAVG int8 stochastic",
    ("int4", "nearest"): "FedAVG int4",
    ("int4", "stochastic"): "FedAVG int4 stochastic",
}
RELAY: Mapping[tuple[str, str], str] = {
    ("int8", "with"): "FedSGD int8",
    ("int8", "without"): "FedSGD int8 without relay",
    ("int4", "with"): "FedSGD int4",
    ("int4", "without"): "FedSGD int4 without relay",
}
"""Names of recognisers by the rows of tables."""

LEARNERS: Mapping[str, Mapping[str, Any]] = {
    "FedSGD float32": {"algorithm": "fedsgd", "bits": 32},
    "FedSGD int8": {"algorithm": "fedsgd", "bits": 8},
    "FedSGD int4": {"algorithm": "fedsgd", "bits": 4},
    "FedSGD int8 without relay": {"algorithm": "fedsgd", "bits": 8, "relay": False},
    "FedSGD int4 without relay": {"algorithm": "fedsgd", "bits": 4, "relay": False},
    "QAT int8": {"algorithm": "central", "bits": 8},
    "FedAVG float32": {"algorithm": "fedavg", "bits": 32},
    "FedAVG int8": {"algorithm": "fedavg", "bits": 8},
    "FedAVG int8 stochastic": {"algorithm": "fedavg", "bits": 8, "rounding": "stochastic"},
    "FedAVG int4": {"algorithm": "fedavg", "bits": 4},
    "FedAVG int4 stochastic": {"algorithm": "fedavg", "bits": 4, "rounding": "stochastic"},
}
"""The settings of each, by name."""

_OF = ", "


def record_name(learner: str, clients: ClientKind) -> str:
    """The name of the record of a recogniser with such clients."""
    return f"{learner}{_OF}{CLIENTS[clients]}"


def parts_of(name: str) -> tuple[str, ClientKind]:
    """The recogniser and the clients of a record."""
    learner, _, title = name.rpartition(_OF)
    return learner, next(kind for kind, own in CLIENTS.items() if own == title)
