"""Speech as a run trains on it: features, numbered tokens, and who holds which utterances."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.data.speech.libri_speech import load_libri_speech
from models.data.speech.log_mel import LogMel
from models.data.speech.spoken_digits import load_spoken_digits, rows_of
from models.data.speech.tone_words import tone_words
from models.data.speech.utterances import Recording, Speech
from models.federated.conformer.encoder import ConformerEncoder
from models.federated.training.clients import client_parts
from models.federated.training.config import FedAqtConfig
from models.federated.training.features import Normalisation, prepared
from models.federated.training.sources import SpeechSource
from models.federated.transcription.ctc import frames_needed
from models.federated.transcription.vocabulary import Vocabulary, vocabulary_of


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
        needed = "LibriSpeech" if source.dataset == "librispeech" else "the Free Spoken Digit Dataset"
        raise ValueError(f"--dataset {source.dataset} needs --data, {needed}")
    if source.dataset == "librispeech":
        return load_libri_speech(source.data, source.parts, source.held_out_part)
    digits = load_spoken_digits(source.data)
    return digits if source.dataset == "spoken-digits" else rows_of(digits, source.utterances, source.held_out)


def corpus_of(
    speech: Speech,
    source: SpeechSource,
    config: FedAqtConfig,
    normalisation: Normalisation | None = None,
    vocabulary: Vocabulary | None = None,
    *,
    lazy: bool = False,
) -> Corpus:
    """Makes features, once for recordings in memory, else whenever they are needed, and deals utterances to clients.

    normalisation, lazy: of features, see `prepared`. vocabulary: that of the training utterances if left out. Raises
    ValueError if there is nothing to train on, no utterance is long enough for its transcript, or numbers are
    impossible.
    """
    log_mel = LogMel(speech.rate, config.bands)
    if vocabulary is None:
        vocabulary = vocabulary_of((one.words for one in speech.train), config.tokens, config.pieces)
    transcripts = [vocabulary.encoded(one.words) for one in speech.train]
    with torch.device("meta"):
        front_end = ConformerEncoder(config.conformer, config.bands).front_end
    frames = front_end.lengths(torch.tensor([log_mel.frames(one.count) for one in speech.train])).tolist()
    needed = [1 if config.criterion == "transducer" else frames_needed(numbers) for numbers in transcripts]
    kept = [place for place, least in enumerate(needed) if frames[place] >= least]
    if not kept:
        raise ValueError(f"every utterance of {speech.name} is too short for its transcript")
    used = [speech.train[place] for place in kept]
    features, normalisation = prepared(used, log_mel, normalisation, lazy=lazy)
    return Corpus(
        name=speech.name,
        digest=speech.digest,
        rate=speech.rate,
        vocabulary=vocabulary,
        normalisation=normalisation,
        features=features,
        transcripts=[transcripts[place] for place in kept],
        clients=client_parts(used, source.clients, source.client_size, config.seed),
        left_out=sorted({one.name for one in speech.train} - {one.name for one in used}),
        held_out=held_out_of(speech.test, log_mel, normalisation, lazy=lazy),
    )


def held_out_of(
    utterances: Sequence[Recording], log_mel: LogMel, normalisation: Normalisation, *, lazy: bool = False
) -> HeldOut:
    """Utterances to evaluate a recogniser on. lazy: see `prepared`."""
    features, _ = prepared(utterances, log_mel, normalisation, lazy=lazy)
    return HeldOut(features, [one.words for one in utterances])
