"""A small synthetic language, for trials without recordings: words are notes, speakers have a pitch and a timbre."""

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from models.checks import check_positive
from models.data.sources import generator_of
from models.data.speech.utterances import Speech, Utterance

RATE = 8000
"""Samples a second."""

NOTES = {"do": 523.25, "re": 587.33, "mi": 659.26, "fa": 698.46, "sol": 783.99, "la": 880.0, "si": 987.77}
"""The words, with their frequencies in Hz."""

_HARMONICS = 3
_DETUNED = 0.01  # most by which a speaker is too low or too high: a third of the smallest step between notes
_SHORTEST, _LONGEST = 0.12, 0.24  # seconds of a word
_PAUSE = 0.05
_LOUDNESS = 8000.0
_NOISE = 200.0


def tone_words(train: int, test: int, seed: int = 0, *, voices: int = 8, most: int = 4) -> Speech:
    """Rows of 1 to `most` words by `voices` speakers, in turn; a function of the arguments.

    train, test: numbers of rows. Raises ValueError for a number below 1.
    """
    for name, number in (("train", train), ("test", test), ("voices", voices), ("most", most)):
        check_positive(name, number)
    timbres = [_timbre(generator_of(f"voice {voice} {seed}")) for voice in range(voices)]

    def rows(part: str, count: int) -> list[Utterance]:
        return [_row(f"{part} {number} {seed}", number % voices, timbres, most) for number in range(count)]

    return Speech("tone words", RATE, rows("train", train), rows("test", test))


def _timbre(generator: Generator) -> tuple[float, Tensor]:
    """A speaker's factor of frequencies, and the strengths of its harmonics."""
    drawn = torch.rand(1 + _HARMONICS, generator=generator)
    strengths = (0.2 + drawn[1:]) / torch.arange(1, _HARMONICS + 1)
    return 1 + _DETUNED * (2 * drawn[0].item() - 1), strengths / strengths.sum()


def _row(name: str, voice: int, timbres: Sequence[tuple[float, Tensor]], most: int) -> Utterance:
    generator = generator_of(name)
    length = int(torch.randint(1, most + 1, (), generator=generator))
    words = [list(NOTES)[place] for place in torch.randint(len(NOTES), (length,), generator=generator)]
    pause = torch.zeros(round(_PAUSE * RATE))
    parts = [part for word in words for part in (pause, _spoken(NOTES[word], *timbres[voice], generator))]
    wave = torch.cat([*parts, pause])
    wave += _NOISE * torch.randn(len(wave), generator=generator)
    return Utterance(name, f"voice {voice}", tuple(words), wave.round().to(torch.int16))


def _spoken(frequency: float, factor: float, strengths: Tensor, generator: Generator) -> Tensor:
    """A note that swells and fades, of random length: (samples,)."""
    seconds = _SHORTEST + (_LONGEST - _SHORTEST) * torch.rand((), generator=generator).item()
    phase = 2 * math.pi * torch.arange(round(seconds * RATE)) / RATE
    harmonics = torch.stack([(phase * frequency * factor * order).sin() for order in range(1, _HARMONICS + 1)])
    return _LOUDNESS * torch.hann_window(len(phase), periodic=False) * (strengths @ harmonics)
