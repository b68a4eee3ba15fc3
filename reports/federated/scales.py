"""The size at which the recognisers of chapter 3 are trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.data.speech.spoken_digits import load_spoken_digits, rows_of
from models.data.speech.tone_words import tone_words
from models.data.speech.utterances import Speech
from models.federated.training.config import FedAqtConfig


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Numbers of utterances, and training.

    pretraining: settings of the network that all others start from; federated: of these; averaging: further ones of
    FedAVG. rows: of words to train on, held_out: to measure on.
    """

    name: str
    rows: int
    held_out: int
    pretraining: Mapping[str, Any]
    federated: Mapping[str, Any]
    averaging: Mapping[str, Any]

    def pretrained(self, seed: int) -> FedAqtConfig:
        """The run of the network that others start from: floats, in one place."""
        return FedAqtConfig(algorithm="central", bits=32, seed=seed, **self.pretraining)

    def configured(self, learner: Mapping[str, Any], seed: int) -> FedAqtConfig:
        """The run of a recogniser."""
        averaging = self.averaging if learner["algorithm"] == "fedavg" else {}
        return FedAqtConfig(**{**self.federated, **averaging, **learner, "seed": seed})

    def read(self, data: Path | None) -> tuple[Speech, Speech]:
        """Single words, to start with, and rows of them.

        data: the Free Spoken Digit Dataset; None makes tone words. Raises ValueError if it is missing or damaged.
        """
        if data is None:
            return tone_words(self.rows, self.held_out, 1, most=1), tone_words(self.rows, self.held_out)
        digits = load_spoken_digits(data)
        return digits, rows_of(digits, self.rows, self.held_out)


FEDERATED_SCALES = {
    "small": Scale(
        name="small",
        rows=3000,
        held_out=600,
        pretraining={"rounds": 300, "evaluate_every": 100},
        federated={"rounds": 150, "evaluate_every": 75},
        averaging={"client_batch": 2, "local_steps": 5, "local_learning_rate": 0.01},
    ),
}
"""The scales by name.

`small`: chosen by time alone. A round has four clients of eight utterances, or, in FedAVG, of five steps of two.
"""
