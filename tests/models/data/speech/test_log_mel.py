"""Log-mel features against sums written out, and what they must not depend on."""

import math

import pytest
import torch

from models.data.speech.log_mel import LogMel

RATE = 8000


def noise(samples: int) -> torch.Tensor:
    return torch.randint(-30000, 30000, (samples,), generator=torch.Generator().manual_seed(0), dtype=torch.int16)


def mel(frequency: float) -> float:
    return 2595 * math.log10(1 + frequency / 700)


def written_out(samples: list[int], bands: int, first: int) -> list[float]:
    """A frame's features: window, discrete Fourier transform and triangles, sum by sum."""
    length, points = 200, 256
    windowed = [samples[first + n] / 32768 * (0.5 - 0.5 * math.cos(2 * math.pi * n / length)) for n in range(length)]
    power = []
    for k in range(points // 2 + 1):
        real = sum(x * math.cos(2 * math.pi * k * n / points) for n, x in enumerate(windowed))
        imaginary = sum(x * math.sin(2 * math.pi * k * n / points) for n, x in enumerate(windowed))
        power.append(real**2 + imaginary**2)
    width = mel(RATE / 2) / (bands + 1)
    features = []
    for band in range(1, bands + 1):
        heights = [max(0.0, 1 - abs(mel(RATE * k / points) / width - band)) for k in range(points // 2 + 1)]
        features.append(math.log(max(1e-10, sum(p * height for p, height in zip(power, heights, strict=True)))))
    return features


def test_features_are_the_sums_of_their_definition() -> None:
    samples = noise(1000)
    features = LogMel(RATE, 20)(samples)
    assert features.shape == (11, 20)
    for frame in (0, 3, 10):
        assert features[frame].tolist() == pytest.approx(written_out(samples.tolist(), 20, 80 * frame), abs=1e-3)


@pytest.mark.parametrize("samples", [1, 199, 200, 279, 280, 281, 8000])
def test_the_number_of_frames_is_known_beforehand(samples: int) -> None:
    features = LogMel(RATE, 20)
    assert len(features(noise(samples))) == features.frames(samples)


def test_a_tone_is_loudest_in_its_band() -> None:
    features = LogMel(RATE, 24)
    for frequency in (300, 1000, 2500):
        tone = (20000 * torch.sin(2 * math.pi * frequency / RATE * torch.arange(2000))).to(torch.int16)
        loudest = features(tone).mean(0).argmax().item()
        assert abs((loudest + 1) * mel(RATE / 2) / 25 - mel(frequency)) < mel(RATE / 2) / 25


def test_a_frame_depends_on_its_own_samples_alone() -> None:
    samples, features = noise(1000), LogMel(RATE, 20)
    assert torch.equal(features(samples[:440]), features(samples)[: features.frames(440)])


def test_silence_is_finite() -> None:
    assert features_are_equal(LogMel(RATE, 20)(torch.zeros(800, dtype=torch.int16)), math.log(1e-10))


def features_are_equal(features: torch.Tensor, value: float) -> bool:
    return bool(((features - value).abs() < 1e-5).all())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rate": 0}, "rate is 0"),
        ({"bands": 0}, "bands is 0"),
        ({"hop": 0.0}, "hop is 0.0"),
        ({"window": float("nan")}, "window is nan"),
        ({"bands": 200}, "200 bands are too many for a spectrum of 129 points"),
    ],
)
def test_impossible_settings_are_named(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LogMel(**({"rate": RATE, "bands": 20} | settings))  # type: ignore[arg-type]
