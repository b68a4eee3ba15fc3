"""Class separation over random pairs against a plain loop over all pairs, and CKA of whole splits against numpy."""

import itertools

import numpy as np
import pytest
import torch

from models.fewshot.measurement import alignment, class_separation
from models.fewshot.measures import (
    feature_clustering,
    feature_clustering_of_batch,
    isotropic_hyperplane_variation,
    kernel_alignment,
)

COUNTS = (3, 5, 2, 4)


def split_features(counts: tuple[int, ...] = COUNTS, dimensions: int = 6, spread: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    classes = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    centres = torch.randn(len(counts), dimensions, dtype=torch.float64, generator=generator)
    return centres[classes] + spread * torch.randn(sum(counts), dimensions, dtype=torch.float64, generator=generator)


def expected_measures(features: np.ndarray, counts: tuple[int, ...]) -> np.ndarray:
    """The means of R_FC, R_HV and printed R_HV: over pairs of classes, then over all pairs of images of each."""
    parts = np.split(features, np.cumsum(counts)[:-1])
    of_classes = []
    for x, y in itertools.permutations(parts, 2):
        of_images = []
        for (x1, x2), (y1, y2) in itertools.product(itertools.permutations(x, 2), itertools.permutations(y, 2)):
            within = (np.sum((x1 - x2) ** 2) + np.sum((y1 - y2) ** 2)) / 2
            between = np.sum((x1 + x2 - y1 - y2) ** 2) / 8
            change, norms = np.linalg.norm(x1 - y1 - x2 + y2), np.linalg.norm(x1 - y1) + np.linalg.norm(x2 - y2)
            of_images.append((within / between, (2 * change / norms) ** 2, change / norms))
        of_classes.append(np.mean(of_images, 0))
    return np.mean(of_classes, 0)


def test_random_pairs_estimate_the_mean_over_all_pairs_within_their_standard_error() -> None:
    features = split_features()
    found = class_separation(features, COUNTS, pairs=40_000, seed=3)
    estimates = (found.clustering, found.variation, found.printed_variation)
    for each, expected in zip(estimates, expected_measures(features.numpy(), COUNTS), strict=True):
        assert each.mean == pytest.approx(expected, abs=4 * each.standard_error)
        assert each.standard_error < 0.02 * each.mean
    assert found.isotropic_variation == isotropic_hyperplane_variation(found.clustering.mean)


def test_standard_errors_are_those_of_repeated_draws() -> None:
    features = split_features()
    seeds = [class_separation(features, COUNTS, pairs=200, seed=seed) for seed in range(200)]
    for name in ("clustering", "variation"):
        estimates = [getattr(one, name) for one in seeds]
        spread = np.std([one.mean for one in estimates], ddof=1)
        assert np.mean([one.standard_error for one in estimates]) == pytest.approx(spread, rel=0.2)


def test_pairs_are_a_function_of_seed_and_counts_alone() -> None:
    narrow, wide = split_features(), split_features().repeat(1, 300_000 // 6)
    one, other = (class_separation(features, COUNTS, pairs=30, seed=1) for features in (narrow, wide))
    assert torch.allclose(one.clusterings, other.clusterings, rtol=1e-5)
    assert torch.equal(class_separation(narrow, COUNTS, 60, 1).clusterings[:30], one.clusterings)
    assert not torch.equal(class_separation(narrow, COUNTS, 30, 2).clusterings, one.clusterings)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_printed_batch_form_is_far_from_that_of_pairs(dtype: torch.dtype) -> None:
    features = split_features((20,) * 32, 64).to(dtype)
    found = class_separation(features, (20,) * 32, 2000, 0)
    assert found.clusterings.dtype == dtype
    assert found.clustering.mean == pytest.approx(
        feature_clustering(features.view(16, 2, 20, -1)[:, :, :2]).item(), rel=0.2
    )
    assert feature_clustering_of_batch(features.view(32, 20, -1)).item() > 8 * found.clustering.mean


@pytest.mark.parametrize(
    ("counts", "pairs", "seed", "message"),
    [
        ((3, 5, 2, 5), 10, 0, r"features are \(14, 6\); allowed is \(images, d\) of 15 images"),
        ((14,), 10, 0, "there are 1 classes; pairs of classes need at least 2"),
        ((13, 1), 10, 0, "class 1 has 1 images; pairs need 2 of each"),
        (COUNTS, 1, 0, "pairs is 1; allowed are the integers 2 to 16777216"),
        (COUNTS, 10**400, 0, "pairs is 10+; allowed are"),
        (COUNTS, 10, -1, "seed is -1; allowed are"),
    ],
)
def test_what_cannot_be_measured_is_named(counts: tuple[int, ...], pairs: int, seed: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        class_separation(split_features(), counts, pairs, seed)


def test_few_images_are_one_batch_and_many_come_near_it() -> None:
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(5000, 20, generator=generator)
    b = a @ torch.randn(20, 30, generator=generator) + 3 * torch.randn(5000, 30, generator=generator)
    whole = alignment(a[:2048], b[:2048])
    assert whole.unbiased == pytest.approx(kernel_alignment(a[:2048], b[:2048], unbiased=True).item(), rel=1e-4)
    found = alignment(a, b)
    assert found.biased == kernel_alignment(a, b).item()
    assert found.unbiased == pytest.approx(kernel_alignment(a, b, unbiased=True).item(), abs=2e-3)


def test_batches_mix_images_that_are_sorted_by_class() -> None:
    """Two networks that agree on classes and on nothing else look unrelated to batches of a single class."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(3, 16, generator=generator).repeat_interleave(2000, 0)
    a, b = (centres + 0.5 * torch.randn(6000, 16, generator=generator) for _ in range(2))
    assert alignment(a, b).unbiased == pytest.approx(kernel_alignment(a, b, unbiased=True).item(), abs=0.01)
    assert alignment(a, b).unbiased > 0.5


def test_only_the_biased_estimate_sees_likeness_in_independent_features() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(500, 640, generator=generator) for _ in range(2))
    found = alignment(a, b)
    assert abs(found.unbiased) < 0.02
    assert found.biased > 0.5
