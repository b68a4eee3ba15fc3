"""Features of recordings, in memory or made when they are needed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import torch
from torch import Tensor

from models.checks import check_above_zero
from models.data.sources import evenly_spaced
from models.data.speech.log_mel import LogMel
from models.data.speech.utterances import Recording, Utterance

_LEAST_DEVIATION = 1e-3  # of features, so that silence stays finite
_SAMPLED = 1000  # recordings on disk that a normalisation is of


@dataclass(frozen=True)
class Normalisation:
    """What is subtracted from log-mel features, and what they are divided by then.

    Raises ValueError for numbers that are not finite, or a deviation that is not above 0.
    """

    mean: float
    deviation: float

    def __post_init__(self) -> None:
        check_above_zero("deviation of features", self.deviation)
        if not math.isfinite(self.mean):
            raise ValueError(f"mean of features is {self.mean}")

    def __call__(self, features: Tensor) -> Tensor:
        """Features of any shape, normalised."""
        return (features - self.mean) / self.deviation


AS_THEY_ARE = Normalisation(0.0, 1.0)
"""Changes nothing."""


class LazyFeatures(Sequence[Tensor]):
    """Normalised features (frames, bands) of recordings, each made whenever it is asked for.

    Asking raises ValueError, naming the file, if it cannot be read.
    """

    def __init__(self, recordings: Sequence[Recording], log_mel: LogMel, normalisation: Normalisation) -> None:
        self.recordings, self.log_mel, self.normalisation = recordings, log_mel, normalisation

    def __len__(self) -> int:
        return len(self.recordings)

    @overload
    def __getitem__(self, place: int) -> Tensor: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Tensor]: ...

    def __getitem__(self, place: int | slice) -> Tensor | Sequence[Tensor]:
        if isinstance(place, slice):
            return LazyFeatures(self.recordings[place], self.log_mel, self.normalisation)
        return self.normalisation(self.log_mel(self.recordings[place].samples))


def prepared(
    recordings: Sequence[Recording],
    log_mel: LogMel,
    normalisation: Normalisation | None = None,
    *,
    lazy: bool = False,
) -> tuple[Sequence[Tensor], Normalisation]:
    """Normalised features (frames, bands) of each recording, and what they are normalised by.

    normalisation: that of all recordings if None, or of 1,000 of them, evenly spaced, where there are more on disk.
    lazy: whether features of recordings in memory, too, are made whenever they are asked for.
    """
    if _in_memory(recordings) and not lazy:
        raw = [log_mel(one.samples) for one in recordings]
        normalisation = normalisation or _normalisation_of(raw)
        return [normalisation(one) for one in raw], normalisation
    if normalisation is None:
        places = evenly_spaced(len(recordings), _SAMPLED).tolist()
        normalisation = _normalisation_of([log_mel(recordings[place].samples) for place in places])
    return LazyFeatures(recordings, log_mel, normalisation), normalisation


def frame_counts(features: Sequence[Tensor]) -> list[int]:
    """How many frames each has; recordings on disk are not read for it."""
    if isinstance(features, LazyFeatures):
        return [features.log_mel.frames(one.count) for one in features.recordings]
    return [len(one) for one in features]


def _normalisation_of(features: Sequence[Tensor]) -> Normalisation:
    """Mean and deviation over all frames and bands, which clients could add up from sums of their own."""
    values = torch.cat([one.flatten() for one in features]).double()
    return Normalisation(values.mean().item(), max(values.std(correction=0).item(), _LEAST_DEVIATION))


def _in_memory(recordings: Sequence[Recording]) -> bool:
    return all(isinstance(one, Utterance) for one in recordings)
