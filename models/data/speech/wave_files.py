"""Recordings in wav files."""

import wave

import numpy as np
import torch
from torch import Tensor

from models.data.files import Files
from models.data.speech.forms import check_form

_SAMPLE_BYTES = 2


def read_wave(files: Files, name: str, rate: int) -> Tensor:
    """The samples of a wav file, int16 (samples,).

    Raises ValueError, naming the file, if it is no wav file or cut short, has another rate than `rate`, in Hz, several
    channels, samples of other than 16 bits, or none.
    """
    path = files.path / name
    with files.open(name) as file:
        try:
            with wave.open(file) as recording:
                found, count = recording.getparams(), recording.getnframes()
                content = recording.readframes(count)
        except (wave.Error, EOFError, RuntimeError) as error:  # the last: of chunks that end early
            raise ValueError(f"{path} is damaged, or not a wav file with linear samples") from error
    check_form(path, found.framerate, found.nchannels, rate)
    if found.sampwidth != _SAMPLE_BYTES:
        raise ValueError(f"{path} has samples of {8 * found.sampwidth} bits; expected are {8 * _SAMPLE_BYTES}")
    if len(content) != count * _SAMPLE_BYTES:
        raise ValueError(f"{path} is cut short: {len(content) // _SAMPLE_BYTES} of {count} samples are there")
    if not count:
        raise ValueError(f"{path} has no samples")
    return torch.from_numpy(np.frombuffer(content, dtype="<i2").astype(np.int16))
