"""The size at which the recognisers of chapter 3 are trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.federated.training.config import FedAqtConfig
from models.federated.training.sources import ClientKind, DatasetName, SpeechSource


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Speech and training. settings: of every run; averaging: further ones of FedAVG."""

    name: str
    dataset: DatasetName
    settings: Mapping[str, Any]
    averaging: Mapping[str, Any]

    def source(self, data: Path | None, clients: ClientKind) -> SpeechSource:
        """The speech of a run; without data, tone words."""
        return SpeechSource(dataset="tone-words" if data is None else self.dataset, data=data, clients=clients)

    def configured(self, learner: Mapping[str, Any], seed: int) -> FedAqtConfig:
        """The run of a recogniser."""
        averaging = self.averaging if learner["algorithm"] == "fedavg" else {}
        return FedAqtConfig(**{**self.settings, **averaging, **learner, "seed": seed})


FEDERATED_SCALES = {
    "small": Scale(
        name="small",
        dataset="connected-digits",
        settings={"rounds": 400, "clients_per_round": 4, "client_batch": 8, "evaluate_every": 100},
        averaging={"client_batch": 2, "local_steps": 5, "local_learning_rate": 0.02, "optimizer": "adam"},
    ),
}
"""The scales by name. `small`: chosen by time alone; FedAVG's clients take five steps, so that both see alike many
utterances."""
