"""Log-mel features: what speech models see of a recording."""

import math

import torch
from torch import Tensor, nn

from models.checks import check_above_zero, check_positive

_FLOOR = 1e-10  # of power, so that silence is finite
_FULL_SCALE = 1 << 15


class LogMel(nn.Module):
    """Logarithms of power in bands that are even in mel, for each 10 ms of a recording.

    A frame depends on its 25 ms of samples alone: on no padding, no neighbour in a batch, and no mean over time.

    rate: samples a second. bands: number of triangular filters from 0 Hz to half the rate.
    Raises ValueError for impossible numbers, or more bands than the spectrum can tell apart.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, rate: int, bands: int = 80, *, window: float = 0.025, hop: float = 0.010) -> None:
        super().__init__()
        check_positive("rate", rate)
        check_positive("bands", bands)
        check_above_zero("window", window)
        check_above_zero("hop", hop)
        self.length, self.hop = max(1, round(window * rate)), max(1, round(hop * rate))
        self.points = 1 << (self.length - 1).bit_length()
        self.register_buffer("window", torch.hann_window(self.length), persistent=False)
        filters = _triangles(rate, bands, self.points)
        if not (filters.sum(0) > 0).all():
            raise ValueError(f"{bands} bands are too many for a spectrum of {self.points // 2 + 1} points")
        self.register_buffer("filters", filters, persistent=False)

    def frames(self, samples: int) -> int:
        """How many frames a recording of `samples` samples has: one at least."""
        return 1 + max(0, samples - self.length) // self.hop

    def forward(self, samples: Tensor) -> Tensor:
        """A recording, int16 (samples,), as (frames, bands); one that is shorter than a window is filled with zeros."""
        wave = samples.float() / _FULL_SCALE
        if len(wave) < self.length:
            wave = nn.functional.pad(wave, (0, self.length - len(wave)))
        cut = wave.unfold(0, self.length, self.hop) * self.window
        power: Tensor = torch.fft.rfft(cut, self.points).abs().square()
        return (power @ self.filters).clamp(min=_FLOOR).log()


def _triangles(rate: int, bands: int, points: int) -> Tensor:
    """Filters (points / 2 + 1, bands); neighbours cross at half their height, each has a peak of 1 between points."""
    edges = torch.linspace(0, _mel(rate / 2), bands + 2, dtype=torch.float64)
    mels = torch.tensor([_mel(rate * point / points) for point in range(points // 2 + 1)], dtype=torch.float64)
    rising = (mels[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - mels[:, None]) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp(min=0).float()


def _mel(frequency: float) -> float:
    """HTK's scale."""
    return 2595 * math.log10(1 + frequency / 700)
