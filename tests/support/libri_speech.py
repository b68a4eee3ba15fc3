"""Folders such as LibriSpeech's, with noise for speech."""

from pathlib import Path

import numpy as np
import soundfile

from models.data.speech.libri_speech import RATE

TEXTS = {"0000": "MISTER QUILTER IS", "0001": "NOR IS", "0002": "HE TELLS US"}


def write_chapter(part: Path, speaker: str, chapter: str) -> Path:
    """Three recordings of a little more than a second, with transcripts, in PART/SPEAKER/CHAPTER."""
    folder = part / speaker / chapter
    folder.mkdir(parents=True)
    generator = np.random.default_rng(int(speaker))
    lines = []
    for number, text in TEXTS.items():
        name = f"{speaker}-{chapter}-{number}"
        samples = generator.integers(-3000, 3000, 16000 + 2000 * int(number), dtype=np.int16)
        soundfile.write(folder / f"{name}.flac", samples, RATE)
        lines.append(f"{name} {text}\n")
    (folder / f"{speaker}-{chapter}.trans.txt").write_text("".join(lines), encoding="utf-8")
    return folder
