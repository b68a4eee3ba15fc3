"""Small federated runs for tests."""

from pathlib import Path
from typing import Any

from models.data.speech.tone_words import tone_words
from models.data.speech.utterances import Speech
from models.federated.training.config import FedAqtConfig
from models.federated.training.corpus import Corpus, corpus_of
from models.federated.training.run import FedAqtRun, run_fedaqt
from models.federated.training.sources import SpeechSource
from models.progress import Progress

SOURCE = SpeechSource(client_size=3)
SETTINGS: dict[str, Any] = {"bands": 8, "rounds": 5, "clients_per_round": 2, "client_batch": 2, "evaluate_every": 2}


def speech() -> Speech:
    """Sixteen utterances of one or two words, four of them held out."""
    return tone_words(12, 4, voices=3, most=2)


def config(**changed: Any) -> FedAqtConfig:
    """Settings of a run of five rounds."""
    return FedAqtConfig(**SETTINGS | changed)


def corpus(source: SpeechSource = SOURCE, **changed: Any) -> Corpus:
    """The utterances, prepared."""
    return corpus_of(speech(), source, config(**changed))


def train(folder: Path, resume: bool = False, initial: FedAqtRun | None = None, **changed: Any) -> dict[str, Any]:
    """A run in `folder`; its summary."""
    settings = config(**changed)
    with Progress(quiet=True) as progress:
        return run_fedaqt(settings, speech(), SOURCE, folder, progress, initial=initial, resume=resume)
