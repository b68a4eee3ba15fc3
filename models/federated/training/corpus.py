"""Speech as a run trains on it: features, numbered tokens, and who holds which utterances."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.data.speech.log_mel import LogMel
from models.data.speech.spoken_digits import load_spoken_digits, rows_of
from models.data.speech.tone_words import tone_words
from models.data.speech.utterances import Speech, Utterance
from models.federated.conformer.encoder import ConformerEncoder
from models.federated.training.clients import client_parts
from models.federated.training.config import FedAqtConfig
from models.federated.training.sources import SpeechSource
from models.federated.transcription.ctc import frames_needed
from models.federated.transcription.vocabulary import Vocabulary, vocabulary_of

_LEAST_DEVIATION = 1e-3  # of features, so that silence stays finite


@dataclass(frozen=True)
class Normalisation:
    """What is subtracted from log-mel features, and what they are divided by then."""

    mean: float
    deviation: float

    def __call__(self, features: Tensor) -> Tensor:
        """Features of any shape, normalised."""
        return (features - self.mean) / self.deviation


@dataclass(frozen=True)
class HeldOut:
    """Utterances to evaluate on. features: (frames, bands) each, normalised. words: what is said."""

    features: Sequence[Tensor]
    words: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Corpus:
    """Training utterances with their clients, and held-out ones.

    features: (frames, bands) each, normalised. transcripts: numbers of tokens. clients: the numbers of each one's
    utterances. left_out: names of training utterances that are too short for their transcripts.
    """

    name: str
    digest: str
    rate: int
    vocabulary: Vocabulary
    normalisation: Normalisation
    features: Sequence[Tensor]
    transcripts: Sequence[Sequence[int]]
    clients: Sequence[Sequence[int]]
    left_out: Sequence[str]
    held_out: HeldOut


def read_speech(source: SpeechSource) -> Speech:
    """The utterances. Raises ValueError, naming what is wrong, for missing or damaged data and impossible numbers."""
    if source.dataset == "tone-words":
        if source.data is not None:
            raise ValueError("--data is given, but tone-words are made, not read")
        return tone_words(source.utterances, source.held_out)
    if source.data is None:
        raise ValueError(f"--dataset {source.dataset} needs --data, the Free Spoken Digit Dataset")
    digits = load_spoken_digits(source.data)
    return digits if source.dataset == "spoken-digits" else rows_of(digits, source.utterances, source.held_out)


def corpus_of(
    speech: Speech, source: SpeechSource, config: FedAqtConfig, normalisation: Normalisation | None = None
) -> Corpus:
    """Makes features, once, and deals training utterances out to clients.

    normalisation: of features; that of the training utterances if None.
    Raises ValueError if no utterance is long enough for its transcript, or numbers are impossible.
    """
    log_mel = LogMel(speech.rate, config.bands)
    vocabulary = vocabulary_of((one.words for one in speech.train), config.tokens)
    features = [log_mel(one.samples) for one in speech.train]
    normalisation = normalisation or _normalisation_of(features)
    transcripts = [vocabulary.encoded(one.words) for one in speech.train]
    with torch.device("meta"):
        front_end = ConformerEncoder(config.conformer, config.bands).front_end
    frames = front_end.lengths(torch.tensor([len(one) for one in features])).tolist()
    kept = [place for place, numbers in enumerate(transcripts) if frames[place] >= frames_needed(numbers)]
    if not kept:
        raise ValueError(f"every utterance of {speech.name} is too short for its transcript")
    used = [speech.train[place] for place in kept]
    return Corpus(
        name=speech.name,
        digest=speech.digest,
        rate=speech.rate,
        vocabulary=vocabulary,
        normalisation=normalisation,
        features=[normalisation(features[place]) for place in kept],
        transcripts=[transcripts[place] for place in kept],
        clients=client_parts(used, source.clients, source.client_size, config.seed),
        left_out=sorted({one.name for one in speech.train} - {one.name for one in used}),
        held_out=held_out_of(speech.test, log_mel, normalisation),
    )


def held_out_of(utterances: Sequence[Utterance], log_mel: LogMel, normalisation: Normalisation) -> HeldOut:
    """Utterances to evaluate a recogniser on."""
    return HeldOut([normalisation(log_mel(one.samples)) for one in utterances], [one.words for one in utterances])


def _normalisation_of(features: Sequence[Tensor]) -> Normalisation:
    """Mean and deviation over all frames and bands, which clients could add up from sums of their own."""
    values = torch.cat([one.flatten() for one in features]).double()
    return Normalisation(values.mean().item(), max(values.std(correction=0).item(), _LEAST_DEVIATION))
