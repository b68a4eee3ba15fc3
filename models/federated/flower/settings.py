"""What a run tells Flower's apps."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.federated.training.config import FedAqtConfig
from models.federated.training.sources import SpeechSource

CLIENT, ROUND, KEY = "client", "round", "key"
"""Names of a SuperNode's number, of the record that says which round it is, and of a client's public key."""

REVEAL = "reveal"
"""The action of the query that unmasks a secure sum."""

ERROR, ENDED, SERVER = "error.txt", "ended.txt", "server.lock"
"""Files of the server's process: what went wrong, that the run has ended, and one that it holds while it is there."""


def run_config(config: FedAqtConfig, source: SpeechSource, **further: Any) -> dict[str, str]:
    """Settings as values of Flower's run configuration."""
    path = None if source.data is None else str(source.data.absolute())
    return {
        "settings": json.dumps(asdict(config)),
        "source": json.dumps(asdict(source) | {"data": path, "parts": list(source.parts)}),
        "further": json.dumps(further),
    }


def further_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """What else a run configuration tells."""
    further: dict[str, Any] = json.loads(str(run["further"]))
    return further


def config_of(run: Mapping[str, Any]) -> FedAqtConfig:
    """The settings in a run configuration."""
    return FedAqtConfig.from_record(json.loads(str(run["settings"])))


def source_of(run: Mapping[str, Any]) -> SpeechSource:
    """The speech that a run configuration names."""
    record = json.loads(str(run["source"]))
    data = None if record["data"] is None else Path(record["data"])
    return SpeechSource(**{**record, "data": data, "parts": tuple(record["parts"])})
