"""A federated run: what it stores in its folder, and how it is read again."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from models.data.speech.log_mel import LogMel
from models.data.speech.utterances import Speech
from models.federated.broadcast import Broadcast, broadcast
from models.federated.client import client_recogniser
from models.federated.recogniser import Recogniser
from models.federated.training.config import FedAqtConfig
from models.federated.training.corpus import Corpus, HeldOut, corpus_of, held_out_of
from models.federated.training.features import Normalisation
from models.federated.training.method import FederatedTraining, new_recogniser, training_of
from models.federated.training.sources import SpeechSource
from models.federated.training.transport import Transport
from models.federated.transcription.vocabulary import Vocabulary
from models.json_files import parse_object
from models.listing import listed
from models.progress import Progress
from models.training.execution import Execution, process_state
from models.training.loop import run_stage
from models.training.run import CONFIG, MODEL, RunFolder
from models.training.stage import Stage
from models.training.tensor_files import weights_digest

if TYPE_CHECKING:
    from models.federated.training.secure_gathering import SecureTransport

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
    transport: "Callable[[Corpus], Transport | SecureTransport] | None" = None,
) -> dict[str, Any]:
    """Trains a recogniser in `folder` and returns the summary of the run, which is also in result.json.

    source: says who holds which utterances of `speech`. initial: a finished run whose weights and normalisation of
    features this one starts with. resume: whether `folder` may hold a run already, which then goes on; it has to have
    the same settings. transport: makes the way to the clients of a corpus; by default they work in this process.
    Raises ValueError if `folder` holds a run and `resume` is not set, or one of other settings, if speech and settings
    do not go together, and in several processes; models.training.errors.TrainingError if a loss or weight is not
    finite, or a round has too few answers.
    """
    if process_state().num_processes > 1:
        raise ValueError("federated rounds run in a single process; start several runs at once instead")
    corpus = corpus_of(speech, source, config, None if initial is None else initial.normalisation)
    training = training_of(config, corpus)  # refuses what is impossible before anything is kept
    if initial is not None:
        initial.initialise(training.recogniser, config, corpus)
    start = {"initial_digest": None if initial is None else weights_digest(initial.recogniser.state_dict())}
    described = asdict(config) | _facts(corpus, source) | start
    run = RunFolder(folder)
    run.start(METHOD, described, resume=resume)
    if transport is not None:
        training.reach(transport(corpus))
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
    """A server's trained recogniser, with what it takes and spells.

    rate: of recordings, samples a second. dataset: that it was trained on, as SpeechSource names it.
    """

    folder: Path
    config: FedAqtConfig
    recogniser: Recogniser
    vocabulary: Vocabulary
    normalisation: Normalisation
    rate: int
    dataset: str
    result: Mapping[str, Any]

    def broadcast(self) -> Broadcast:
        """The recogniser as clients get it."""
        return broadcast(self.recogniser, self.config.bits, self.config.scale_per)

    def held_out(self, speech: Speech) -> HeldOut:
        """The held-out utterances of a data set, as the recogniser takes them.

        Raises ValueError for another rate, and if it can spell none of them.
        """
        self._check_rate(speech.name, speech.rate)
        if not any(self.vocabulary.spells(one.words) for one in speech.test):
            own = listed(self.vocabulary.tokens, _MOST_NAMES)
            raise ValueError(f"{self.folder} spells {own}, and so no utterance of {speech.name}")
        return held_out_of(speech.test, LogMel(self.rate, self.config.bands), self.normalisation)

    def initialise(self, recogniser: Recogniser, config: FedAqtConfig, corpus: Corpus) -> None:
        """Loads the weights into another recogniser. Raises ValueError if it is of another kind, rate or vocabulary."""
        self._check_rate(corpus.name, corpus.rate)
        for name in ("size", "bands", "subsampling", "norm", "criterion"):
            own, other = getattr(self.config, name), getattr(config, name)
            if own != other:
                raise ValueError(f"{self.folder} holds a recogniser with {name} {own}, not {other}")
        if corpus.vocabulary != self.vocabulary:
            own, other = (listed(one.tokens, _MOST_NAMES) for one in (self.vocabulary, corpus.vocabulary))
            raise ValueError(f"{self.folder} spells {own}; the data needs {other}")
        recogniser.load_state_dict(self.recogniser.state_dict())

    def client(self) -> Recogniser:
        """The recogniser that a client makes of the broadcast, for evaluation."""
        return client_recogniser(self.broadcast(), self.config.conformer, self.config.bands).eval()

    def _check_rate(self, name: str, rate: int) -> None:
        if rate != self.rate:
            raise ValueError(f"{name} has {rate} samples a second; {self.folder} was trained at {self.rate}")


def load_run(folder: Path) -> FedAqtRun:
    """The recogniser of a finished run.

    Raises ValueError, naming the file, if the run is not finished or a file is damaged.
    """
    finished = RunFolder(folder).load()
    with finished.reading(CONFIG):
        finished.check_method(METHOD)
        facts = finished.settings
        config = FedAqtConfig.from_record(facts)
        model = base64.b64decode(facts["vocabulary_model"], validate=True)
        vocabulary = Vocabulary(config.tokens, tuple(facts["vocabulary"]), model)
        recogniser = new_recogniser(config, len(vocabulary))
        normalisation = Normalisation(float(facts["feature_mean"]), float(facts["feature_deviation"]))
        rate, dataset = int(facts["rate"]), str(facts["dataset"])
        LogMel(rate, config.bands)  # refuses impossible numbers
    with finished.reading(CONFIG, MODEL):
        recogniser.load_state_dict(finished.weights)
        broadcast(recogniser, config.bits, config.scale_per)  # refuses weights that are not finite
    return FedAqtRun(folder, config, recogniser.eval(), vocabulary, normalisation, rate, dataset, finished.result)


def _facts(corpus: Corpus, source: SpeechSource) -> dict[str, Any]:
    """What follows from data and settings, and the run is built from again, as plain JSON values."""
    return {
        "dataset": source.dataset,
        "data": corpus.name,
        "data_digest": corpus.digest,
        "rate": corpus.rate,
        "vocabulary": list(corpus.vocabulary.tokens),
        "vocabulary_model": base64.b64encode(corpus.vocabulary.model).decode("ascii"),
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
