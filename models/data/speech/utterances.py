"""What is said in a recording, and by whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.data.sources import digest_of


@dataclass(frozen=True)
class Utterance:
    """A recording. name: of its file, for messages. words: none for silence. samples: int16 (samples,)."""

    name: str
    speaker: str
    words: tuple[str, ...]
    samples: Tensor


@dataclass(frozen=True)
class Speech:
    """Recordings to train on and others to test on. rate: samples a second."""

    name: str
    rate: int
    train: Sequence[Utterance]
    test: Sequence[Utterance]

    @property
    def digest(self) -> str:
        """Tells data sets apart: 16 hexadecimal digits that depend on all samples, words and speakers."""
        return digest_of(part for one in (*self.train, *self.test) for part in _parts(one))


def speakers(utterances: Iterable[Utterance]) -> dict[str, list[Utterance]]:
    """The utterances of each speaker; speakers are sorted by name."""
    found: dict[str, list[Utterance]] = {}
    for one in utterances:
        found.setdefault(one.speaker, []).append(one)
    return {name: found[name] for name in sorted(found)}


def joined(parts: Sequence[Utterance]) -> Utterance:
    """Utterances of one speaker, one after another."""
    return Utterance(
        "+".join(one.name for one in parts),
        parts[0].speaker,
        tuple(word for one in parts for word in one.words),
        torch.cat([one.samples for one in parts]),
    )


def _parts(utterance: Utterance) -> tuple[bytes, bytes]:
    return repr((utterance.speaker, utterance.words)).encode(), utterance.samples.numpy().tobytes()
