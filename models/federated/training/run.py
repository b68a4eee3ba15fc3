"""A federated run: what it stores in its folder, and how it is read again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from models.data.speech.log_mel import LogMel
from models.data.speech.utterances import Speech
from models.federated.broadcast import Broadcast, broadcast
from models.federated.client import client_recogniser
from models.federated.recogniser import Recogniser
from models.federated.training.config import FedAqtConfig
from models.federated.training.corpus import Corpus, HeldOut, corpus_of, held_out_of
from models.federated.training.features import Normalisation
from models.federated.training.method import FederatedTraining, training_of
from models.federated.training.sources import SpeechSource
from models.federated.transcription.vocabulary import Vocabulary
from models.json_files import parse_object
from models.listing import listed
from models.progress import Progress
from models.training.execution import Execution, process_state
from models.training.loop import run_stage
from models.training.run import CONFIG, MODEL, RunFolder
from models.training.stage import Stage
from models.training.tensor_files import weights_digest

METHOD = "fedaqt"
"""The method's name in the configuration of its runs."""

_MOST_NAMES = 10


def run_fedaqt(
    config: FedAqtConfig,
    speech: Speech,
    source: SpeechSource,
    folder: Path,
    progress: Progress,
    execution: Execution = Execution(),
    *,
    initial: "FedAqtRun | None" = None,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains a recogniser in `folder` and returns the summary of the run, which is also in result.json.

    source: says who holds which utterances of `speech`. initial: a finished run whose weights and normalisation of
    features this one starts with. resume: whether `folder` may hold a run already, which then goes on; it has to have
    the same settings.
    Raises ValueError if `folder` holds a run and `resume` is not set, or one of other settings, if speech and settings
    do not go together, and in several processes; models.training.errors.TrainingError if a loss or weight is not
    finite, or a round has too few answers.
    """
    if process_state().num_processes > 1:
        raise ValueError("federated rounds run in a single process; start several runs at once instead")
    corpus = corpus_of(speech, source, config, None if initial is None else initial.normalisation)
    training = training_of(config, corpus)  # refuses what is impossible before anything is kept
    if initial is not None:
        initial.initialise(training.recogniser, corpus.vocabulary)
    start = {"initial_digest": None if initial is None else weights_digest(initial.recogniser.state_dict())}
    described = asdict(config) | _facts(corpus, source) | start
    run = RunFolder(folder)
    run.start(METHOD, described, resume=resume)
    stage = Stage(
        name=METHOD,
        steps=config.rounds,
        settings=described | {"torch": torch.__version__},
        checkpoint=checkpoint_file(folder),
        metrics=run.metrics,
        key=str(config.seed),
        clip_norm=config.clip_norm,
    )
    run_stage(stage, training, execution.accelerator(folder), progress)
    record = _summary(config, corpus, training, run.metrics)
    run.finish(training.recogniser.state_dict(), record)
    return record


def checkpoint_file(folder: Path) -> Path:
    """File with the state of a run's training."""
    return folder / f"{METHOD}.pt"


@dataclass(frozen=True)
class FedAqtRun:
    """A server's trained recogniser, with what it takes and spells. facts: as config.json keeps them."""

    folder: Path
    config: FedAqtConfig
    recogniser: Recogniser
    vocabulary: Vocabulary
    facts: Mapping[str, Any]
    result: Mapping[str, Any]

    def broadcast(self) -> Broadcast:
        """The recogniser as clients get it."""
        return broadcast(self.recogniser, self.config.bits, self.config.scale_per)

    def held_out(self, speech: Speech) -> HeldOut:
        """The held-out utterances of a data set, as the recogniser takes them. Raises ValueError for another rate."""
        if speech.rate != self.facts["rate"]:
            raise ValueError(
                f"{speech.name} has {speech.rate} samples a second; {self.folder} learnt of {self.facts['rate']}"
            )
        return held_out_of(speech.test, LogMel(speech.rate, self.config.bands), self.normalisation)

    @property
    def normalisation(self) -> Normalisation:
        """Of the features that the recogniser takes."""
        return Normalisation(self.facts["feature_mean"], self.facts["feature_deviation"])

    def initialise(self, recogniser: Recogniser, vocabulary: Vocabulary) -> None:
        """Loads the weights into another recogniser. Raises ValueError if it is of another size or vocabulary."""
        if vocabulary != self.vocabulary:
            own, others = (listed(one.tokens, _MOST_NAMES) for one in (self.vocabulary, vocabulary))
            raise ValueError(f"{self.folder} spells {own}; the data needs {others}")
        try:
            recogniser.load_state_dict(self.recogniser.state_dict())
        except RuntimeError as error:
            raise ValueError(
                f"{self.folder} holds a recogniser of other --size, --bands, --subsampling or --norm"
            ) from error

    def client(self) -> Recogniser:
        """The recogniser that a client makes of the broadcast, for evaluation."""
        return client_recogniser(self.broadcast(), self.config.conformer, self.config.bands).eval()


def load_run(folder: Path) -> FedAqtRun:
    """The recogniser of a finished run.

    Raises ValueError, naming the file, if the run is not finished or a file is damaged.
    """
    finished = RunFolder(folder).load()
    with finished.reading(CONFIG):
        finished.check_method(METHOD)
        config = FedAqtConfig.from_record(finished.settings)
        vocabulary = Vocabulary(config.tokens, tuple(finished.settings["vocabulary"]))
        recogniser = Recogniser(config.conformer, config.bands, len(vocabulary))
    with finished.reading(CONFIG, MODEL):
        recogniser.load_state_dict(finished.weights)
        broadcast(recogniser, config.bits, config.scale_per)  # refuses weights that are not finite
    return FedAqtRun(folder, config, recogniser.eval(), vocabulary, finished.settings, finished.result)


def _facts(corpus: Corpus, source: SpeechSource) -> dict[str, Any]:
    """What follows from data and settings, and the run is built from again, as plain JSON values."""
    return {
        "data": corpus.name,
        "data_digest": corpus.digest,
        "rate": corpus.rate,
        "vocabulary": list(corpus.vocabulary.tokens),
        "feature_mean": corpus.normalisation.mean,
        "feature_deviation": corpus.normalisation.deviation,
        "client_kind": source.clients,
        "client_size": source.client_size if source.clients == "iid" else None,
        "client_count": len(corpus.clients),
    }


def _summary(config: FedAqtConfig, corpus: Corpus, training: FederatedTraining, metrics: Path) -> dict[str, Any]:
    """Data, sizes and the figures of the last evaluation, as plain JSON values."""
    last = parse_object(metrics.read_text(encoding="utf-8").splitlines()[-1])
    sent = training.sent()
    return {
        "data": corpus.name,
        "algorithm": config.algorithm,
        "bits": config.bits,
        "rounds": config.rounds,
        "seed": config.seed,
        "clients": len(corpus.clients),
        "utterances": len(corpus.features),
        "left_out": list(corpus.left_out),
        "held_out": len(corpus.held_out.words),
        "parameters": sum(one.numel() for one in training.recogniser.parameters()),
        "quantized_bytes": sent.quantized_bytes,
        "float_bytes": sent.float_bytes,
        "torch": torch.__version__,
        "last": {name: value for name, value in last.items() if name not in ("stage", "epoch", "step")},
    }
