"""What is said in a recording, and by whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from models.data.sources import digest_of


class Recording(Protocol):
    """A recording with its transcript."""

    @property
    def name(self) -> str:
        """The name of its file, for messages."""

    @property
    def speaker(self) -> str:
        """Who speaks."""

    @property
    def words(self) -> tuple[str, ...]:
        """What is said; nothing for silence."""

    @property
    def count(self) -> int:
        """The number of samples."""

    @property
    def samples(self) -> Tensor:
        """The samples, int16 (samples,). Raises ValueError, naming the file, if it cannot be read."""

    @property
    def identity(self) -> bytes:
        """Tells recordings apart."""


@dataclass(frozen=True)
class Utterance:
    """A recording in memory."""

    name: str
    speaker: str
    words: tuple[str, ...]
    samples: Tensor

    @property
    def count(self) -> int:
        """See Recording."""
        return len(self.samples)

    @property
    def identity(self) -> bytes:
        """See Recording: speaker, words and all samples."""
        return repr((self.speaker, self.words)).encode() + self.samples.numpy().tobytes()


@dataclass(frozen=True)
class Speech:
    """Recordings to train on and others to test on. rate: samples a second."""

    name: str
    rate: int
    train: Sequence[Recording]
    test: Sequence[Recording]

    @property
    def digest(self) -> str:
        """Tells data sets apart: 16 hexadecimal digits that depend on the identities of all recordings."""
        return digest_of(one.identity for one in (*self.train, *self.test))


_Spoken = TypeVar("_Spoken", bound=Recording)


def speakers(utterances: Iterable[_Spoken]) -> dict[str, list[_Spoken]]:
    """The utterances of each speaker; speakers are sorted by name."""
    every = list(utterances)
    return {name: [every[place] for place in places] for name, places in speaker_places(every).items()}


def speaker_places(utterances: Iterable[Recording]) -> dict[str, list[int]]:
    """The numbers of each speaker's utterances; speakers are sorted by name."""
    found: dict[str, list[int]] = {}
    for place, one in enumerate(utterances):
        found.setdefault(one.speaker, []).append(place)
    return {name: found[name] for name in sorted(found)}


def joined(parts: Sequence[Recording]) -> Utterance:
    """Utterances of one speaker, one after another."""
    return Utterance(
        "+".join(one.name for one in parts),
        parts[0].speaker,
        tuple(word for one in parts for word in one.words),
        torch.cat([one.samples for one in parts]),
    )
