"""Options of the speech to train on; importing them is quick."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

DatasetName = Literal["tone-words", "spoken-digits", "connected-digits", "librispeech"]
ClientKind = Literal["speaker", "iid"]


@dataclass(frozen=True, kw_only=True)
class SpeechSource:
    """The speech to train on, and who holds it."""

    dataset: DatasetName = "tone-words"
    """The data set: tone-words (synthetic, needs no data), or the Free Spoken Digit Dataset as spoken-digits (its
    recordings) or connected-digits (rows of 2 to 5 recordings of one speaker; recordings 0 to 4 of each digit and
    speaker are held out), or librispeech, which needs the extra `speech`."""
    data: Annotated[Path | None, arg(metavar="PATH")] = None
    """Path of the data set. Spoken digits: a folder or tar archive with recordings DIGIT_SPEAKER_INDEX.wav.
    LibriSpeech: the folder with its parts, or with the folder LibriSpeech."""
    parts: tuple[str, ...] = ("train-clean-100",)
    """Parts of LibriSpeech to train on."""
    held_out_part: str = "dev-clean"
    """Part of LibriSpeech to hold out."""
    utterances: int = 3000
    """Training utterances to make, for tone-words and connected-digits."""
    held_out: int = 300
    """Held-out utterances to make, for the same; those of one data set are the same for every seed."""
    clients: ClientKind = "iid"
    """A client is a speaker, or a part of the shuffled utterances (iid)."""
    client_size: int = 10
    """Utterances of a client (iid)."""
