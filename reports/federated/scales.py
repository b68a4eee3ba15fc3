"""The sizes at which the recognisers of chapter 3 are trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from models.data.speech.libri_speech import load_libri_speech
from models.data.speech.spoken_digits import load_spoken_digits, rows_of
from models.data.speech.tone_words import tone_words
from models.data.speech.utterances import Speech
from models.federated.training.config import FedAqtConfig
from models.federated.training.sources import ClientKind
from reports.federated.learners import CLIENTS

_PARTS = ("train-clean-100", "train-clean-360", "train-other-500")
_HELD_OUT = ("test-clean", "test-other", "dev-clean", "dev-other")
_WATCHED = "dev-clean"  # while a recogniser is trained


@dataclass(frozen=True)
class Material:
    """What recognisers are trained and measured on.

    first: speech that the network which all start with is trained on. then: what they go on with. heard: speech whose
    held-out utterances they are measured on, by name; the name is empty for a single one.
    """

    first: Speech
    then: Speech
    heard: Mapping[str, Speech]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What recognisers are trained on, and how.

    read: takes the path of the data, or None for none, and raises ValueError if they are missing or damaged. clients:
    who holds the utterances, one column or more each. pretraining: settings of the network that all others start from;
    federated: of these; averaging and central: further ones of FedAVG, and of training in one place. note: how ours
    compares with the text's.
    """

    name: str
    read: Callable[[Path | None], Material]
    clients: tuple[ClientKind, ...]
    pretraining: Mapping[str, Any]
    federated: Mapping[str, Any]
    averaging: Mapping[str, Any]
    central: Mapping[str, Any]
    note: str

    def pretrained(self, seed: int) -> FedAqtConfig:
        """The run of the network that others start from: floats, in one place."""
        return FedAqtConfig(algorithm="central", bits=32, seed=seed, **self.pretraining)

    def configured(self, learner: Mapping[str, Any], seed: int) -> FedAqtConfig:
        """The run of a recogniser."""
        further = {"fedavg": self.averaging, "central": self.central}.get(learner["algorithm"], {})
        return FedAqtConfig(**{**self.federated, **further, **learner, "seed": seed})


def rows_of_words(data: Path | None, rows: int, held_out: int) -> Material:
    """Single words, to start with, and rows of them: of the Free Spoken Digit Dataset, or tone words without `data`."""
    if data is None:
        first, then = tone_words(rows, held_out, 1, most=1), tone_words(rows, held_out)
    else:
        first = load_spoken_digits(data)
        then = rows_of(first, rows, held_out)
    return Material(first, then, {"": then})


def libri_speech(data: Path | None) -> Material:
    """All of LibriSpeech, and each of its held-out parts."""
    if data is None:
        raise ValueError("--scale paper needs --data, the folder of LibriSpeech")
    parts = {part: load_libri_speech(data, (), part) for part in _HELD_OUT}
    speech = replace(load_libri_speech(data, _PARTS, _WATCHED), test=parts[_WATCHED].test)
    return Material(speech, speech, parts)


FEDERATED_SCALES = {
    "small": Scale(
        name="small",
        read=partial(rows_of_words, rows=3000, held_out=600),
        clients=tuple(CLIENTS),
        pretraining={"rounds": 300, "evaluate_every": 100},
        federated={"rounds": 150, "evaluate_every": 75},
        averaging={"client_batch": 2, "local_steps": 5, "local_learning_rate": 0.01},
        central={},
        note="All start from a network that was trained on single words in floats, in one place; the text's were "
        "pre-trained on speech of industry scale. Rates do not compare with those published, orders do.",
    ),
    "paper": Scale(
        name="paper",
        read=libri_speech,
        clients=("iid",),
        pretraining={
            **{"size": "L", "bands": 80, "tokens": "pieces", "pieces": 1024, "checkpointing": True},
            **{"clients_per_round": 32, "client_batch": 8, "rounds": 100_000, "evaluate_every": 5000},
        },
        federated={
            **{"size": "L", "bands": 80, "tokens": "pieces", "pieces": 1024, "checkpointing": True},
            **{"clients_per_round": 128, "client_batch": 2, "optimizer": "sgd", "rounds": 6000, "evaluate_every": 500},
        },
        averaging={"local_steps": 5, "local_learning_rate": 0.01},
        central={"client_batch": 10},
        note="All start from a network that was trained on the same speech in floats, in one place; the text's, of "
        "about 133 M parameters, were pre-trained on other speech of industry scale. Rates do not compare with those "
        "published.",
    ),
}
"""The scales by name.

`small`: chosen by time alone. A round has four clients of eight utterances, or, in FedAVG, of five steps of two: 40
utterances, where training in one place has 32.
`paper`: clients, batches and rounds of the text, where it has them. In FedAVG a client uses its ten utterances once,
and training in one place uses as many.
"""
