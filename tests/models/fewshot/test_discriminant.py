"""The discriminant plane against the generalised eigenvectors of the scatter matrices."""

import numpy as np
import pytest
import torch
from scipy.linalg import eigh

from models.fewshot.measures import discriminant_plane


def clusters(classes: int = 4, samples: int = 30, dimensions: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(classes).repeat_interleave(samples)
    centres = 3 * torch.randn(classes, dimensions, dtype=torch.float64, generator=generator)
    noise = torch.randn(classes * samples, dimensions, dtype=torch.float64, generator=generator)
    return centres[labels] + noise * torch.arange(1, dimensions + 1), labels


def test_it_is_spanned_by_the_best_directions() -> None:
    features, labels = clusters()
    x, y = features.numpy(), labels.numpy()
    within = sum(np.cov(x[y == way].T, bias=True) for way in range(4))
    between = np.cov(np.stack([x[y == way].mean(0) for way in range(4)]).T)
    _, directions = eigh(between, within)
    expected = (x - x.mean(0)) @ directions[:, :-3:-1]
    found = discriminant_plane(features, labels).numpy()
    correlations = np.abs(np.corrcoef(found.T, expected.T)[:2, 2:])
    np.testing.assert_allclose(correlations.diagonal(), 1, atol=1e-8)


def test_more_dimensions_than_samples() -> None:
    features, labels = clusters(classes=3, samples=5, dimensions=64)
    points = discriminant_plane(features.float(), labels)
    assert points.shape == (15, 2)
    assert points.dtype == torch.float32
    assert points.isfinite().all()


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (torch.zeros(6, 1), torch.arange(6) % 3, r"features are \(6, 1\), labels \(6,\); allowed are \(n, 2 or more\)"),
        (torch.zeros(6, 4), torch.arange(5) % 3, r"features are \(6, 4\), labels \(5,\); allowed are"),
        (
            torch.zeros(6, 4),
            torch.arange(6) % 2,
            "labels hold 2 classes of 6 samples; a plane needs 3, and more samples",
        ),
        (torch.zeros(6, 4), torch.arange(6), "labels hold 6 classes of 6 samples"),
        (torch.full((6, 4), float("inf")), torch.arange(6) % 3, "features hold NaN or infinity"),
    ],
)
def test_features_without_a_plane_are_named(features: torch.Tensor, labels: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        discriminant_plane(features, labels)
