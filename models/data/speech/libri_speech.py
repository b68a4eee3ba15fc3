"""LibriSpeech (Panayotov et al., 2015): books that are read aloud, in FLAC, decoded as they are needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.data.files import open_file
from models.data.speech.forms import check_form
from models.data.speech.utterances import Recording, Speech
from models.extras import required

RATE = 16_000
"""Samples a second."""

_FOLDERS = ("", "LibriSpeech")  # that may hold the parts
_AUDIO = ".flac"


@dataclass(frozen=True)
class StoredRecording:
    """A recording on disk. path: of its FLAC file. count: of its samples, as the file's header says."""

    path: Path
    speaker: str
    words: tuple[str, ...]
    count: int

    @property
    def name(self) -> str:
        """See Recording."""
        return str(self.path)

    @property
    def samples(self) -> Tensor:
        """See Recording."""
        return read_flac(self.path)

    @property
    def identity(self) -> bytes:
        """See Recording: its file's name, its length and its words, for reading all of LibriSpeech takes hours."""
        return repr((self.path.name, self.speaker, self.words, self.count)).encode()


def load_libri_speech(path: Path, train: Sequence[str], test: str) -> Speech:
    """Parts such as `train-clean-100` and `dev-clean` below `path` or `path/LibriSpeech`: SPEAKER/CHAPTER/*.flac.

    Raises ValueError, naming what is wrong, if a part is missing or empty, a recording has no transcript or the other
    way round, a file is damaged or not of 16 kHz, one channel and 16 bits, or soundfile is not installed.
    """
    if test in train:
        raise ValueError(f"{test} is a part to train on as well as to hold out")
    rows = [one for part in train for one in _recordings(_part(path, part))]
    return Speech("LibriSpeech", RATE, rows, list(_recordings(_part(path, test))))


def read_flac(path: Path) -> Tensor:
    """The samples of a FLAC file, int16 (samples,). Raises ValueError, naming it, if it is damaged or of other form."""
    with _opened(path) as sound:
        samples = sound.read(dtype="int16")
        if len(samples) != sound.frames:
            raise ValueError(f"{path} is cut short: {len(samples)} of {sound.frames} samples are there")
    return torch.from_numpy(np.ascontiguousarray(samples))


def _count(path: Path) -> int:
    """The number of samples in a FLAC file, from its header."""
    with _opened(path) as sound:
        return int(sound.frames)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A soundfile.SoundFile. What it raises within becomes a ValueError that names the file."""
    soundfile = required("soundfile", "speech")
    with open_file(path) as file:
        try:
            with soundfile.SoundFile(file) as sound:
                check_form(path, sound.samplerate, sound.channels, RATE)
                if sound.subtype != "PCM_16":
                    raise ValueError(f"{path} has samples of form {sound.subtype}; expected are 16 bits")
                yield sound
        except soundfile.SoundFileError as error:
            raise ValueError(f"{path} is damaged, or no FLAC file") from error


def _part(path: Path, part: str) -> Path:
    for folder in _FOLDERS:
        if (path / folder / part).is_dir():
            return path / folder / part
    raise ValueError(f"{path}: no such folder with LibriSpeech's part {part}")


def _recordings(part: Path) -> Iterator[Recording]:
    chapters = sorted(one for one in part.glob("*/*") if one.is_dir())
    found = [one for chapter in chapters for one in _of_chapter(chapter)]
    if not found:
        raise ValueError(f"{part} has no recordings SPEAKER/CHAPTER/*{_AUDIO}")
    yield from found


def _of_chapter(chapter: Path) -> Iterator[Recording]:
    speaker = chapter.parent.name
    transcripts = _transcripts(chapter / f"{speaker}-{chapter.name}.trans.txt")
    files = {one.stem: one for one in sorted(chapter.glob(f"*{_AUDIO}"))}
    for name in sorted(transcripts.keys() ^ files.keys()):
        lacking = "recording" if name in transcripts else "transcript"
        raise ValueError(f"{chapter / name}{_AUDIO} has no {lacking}")
    for name, file in files.items():
        yield StoredRecording(file, speaker, transcripts[name], _count(file))


def _transcripts(path: Path) -> dict[str, tuple[str, ...]]:
    """Words by the name of the recording, in lower case."""
    with open_file(path) as file:
        try:
            lines = file.read().decode("utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is no text in UTF-8") from error
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            raise ValueError(f"{path} has nothing in line {number}")
        name, *words = line.split()
        if name in found:
            raise ValueError(f"{path} has two transcripts of {name}")
        found[name] = tuple(word.lower() for word in words)
    return found
