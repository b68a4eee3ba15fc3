"""The Free Spoken Digit Dataset: single digits by several speakers, and rows of digits made of them."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.checks import check_positive
from models.data.archives import folder_or_archive
from models.data.draws import distinct, key_of, uniform
from models.data.files import walk
from models.data.speech.utterances import Recording, Speech, Utterance, joined, speakers
from models.data.speech.wave_files import read_wave

RATE = 8000
"""Samples a second."""

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_NAME = re.compile(r"(?:.*/)?(\d)_([^/_]+)_(\d+)\.wav")
_TEST_RECORDINGS = 5  # of each digit and speaker: the first ones
_SPEAKER, _LENGTH, _CHOICE = range(3)  # streams of random numbers


def load_spoken_digits(path: Path) -> Speech:
    """Recordings of a folder or tar archive, in files named DIGIT_SPEAKER_INDEX.wav; indices 0 to 4 are the test set.

    Raises ValueError, naming what is wrong, if there are none to train or to test on, if two have the same name, or if
    a file is damaged or not of 8 kHz, one channel and 16 bits.
    """
    files = folder_or_archive(path, "spoken digits")
    matches = [_NAME.fullmatch(name) for name, is_folder in walk(files) if not is_folder]
    found = sorted((int(one[1]), one[2], int(one[3]), one[0]) for one in matches if one)
    for one, other in pairwise(found):
        if one[:-1] == other[:-1]:
            raise ValueError(f"{path / one[-1]} and {path / other[-1]} have the same digit, speaker and index")
    parts: tuple[list[Utterance], list[Utterance]] = [], []
    for digit, speaker, index, name in found:
        utterance = Utterance(name, speaker, (WORDS[digit],), read_wave(files, name, RATE))
        parts[index < _TEST_RECORDINGS].append(utterance)
    if not all(parts):
        raise ValueError(f"{path} needs recordings DIGIT_SPEAKER_INDEX.wav with indices below 5, to test on, and above")
    return Speech("spoken digits", RATE, *parts)


def rows_of(digits: Speech, train: int, held_out: int) -> Speech:
    """`train` rows of the training recordings, and `held_out` of the others, the same for every caller.

    Raises ValueError for a number below 1.
    """
    check_positive("utterances", train)
    check_positive("held_out", held_out)
    rows = connected(digits.train, "train", range(train)), connected(digits.test, "held out", range(held_out))
    return Speech("connected digits", digits.rate, *rows)


def connected(
    recordings: Iterable[Recording], key: str, numbers: Sequence[int], *, fewest: int = 2, most: int = 5
) -> list[Utterance]:
    """Rows of `fewest` to `most` digits: one for each of `numbers`, a function of it, `key` and the recordings.

    A row is of one speaker, drawn evenly, and of different recordings. Raises ValueError if a speaker has too few
    recordings, or lengths are impossible.
    """
    by_speaker = list(speakers(recordings).items())
    if not by_speaker:
        raise ValueError("there are no recordings to join")
    if not 1 <= fewest <= most:
        raise ValueError(f"rows of {fewest} to {most} digits; allowed are 1 and more")
    for name, own in by_speaker:
        if len(own) < most:
            raise ValueError(f"speaker {name} has {len(own)} recordings; rows of up to {most} digits need as many")
    hashed, places = key_of("connected digits", key), np.asarray(numbers, dtype=np.int64)
    chosen = (uniform(hashed, places, _SPEAKER, 0) * len(by_speaker)).astype(int)
    lengths = fewest + (uniform(hashed, places, _LENGTH, 0) * (most - fewest + 1)).astype(int)
    counts = np.array([len(own) for _, own in by_speaker])[chosen]
    digits = distinct(hashed, places, _CHOICE, counts, most)
    return [
        joined([by_speaker[speaker][1][digit] for digit in row[:length]])
        for speaker, length, row in zip(chosen, lengths, digits, strict=True)
    ]
