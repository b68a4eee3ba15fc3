"""What a run tells Flower's apps."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.federated.training.config import FedAqtConfig
from models.federated.training.sources import SpeechSource

CLIENT, ROUND = "client", "round"
"""Names of a SuperNode's number, and of the record that says which round it is."""

ERROR, ENDED = "error.txt", "ended.txt"
"""The files that the server's process leaves: what went wrong, or that the run has ended."""


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
