"""CKA against numpy from its definition, with explicit kernels and centring matrices."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from models.fewshot.measures import AlignmentSums, kernel_alignment


def biased_criterion(k: np.ndarray, m: np.ndarray) -> float:
    centring = np.eye(len(k)) - 1 / len(k)
    return np.trace(k @ centring @ m @ centring) / (len(k) - 1) ** 2


def unbiased_criterion(k: np.ndarray, m: np.ndarray) -> float:
    n, ones = len(k), np.ones(len(k))
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    sums = (ones @ k @ ones) * (ones @ m @ ones) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (ones @ k @ m @ ones)
    return (np.trace(k @ m) + sums) / (n * (n - 3))


def criteria(a: torch.Tensor, b: torch.Tensor, criterion) -> np.ndarray:
    k, m = (a @ a.T).double().numpy(), (b @ b.T).double().numpy()
    return np.array([criterion(k, m), criterion(k, k), criterion(m, m)])


def related_features(samples: int, d: int, e: int, seed: int = 0, dtype: torch.dtype = torch.float64):
    generator = torch.Generator().manual_seed(seed)
    a, mixing, noise = (
        torch.randn(shape, dtype=dtype, generator=generator) for shape in ((samples, d), (d, e), (samples, e))
    )
    return a + 3, (a + 3) @ mixing + noise


@pytest.mark.parametrize(("d", "e"), [(5, 8), (5, 60), (60, 70)])
@pytest.mark.parametrize("unbiased", [False, True])
def test_it_equals_the_definition(d: int, e: int, unbiased: bool) -> None:
    a, b = related_features(20, d, e)
    across, of_a, of_b = criteria(a, b, unbiased_criterion if unbiased else biased_criterion)
    expected = across / np.sqrt(of_a * of_b)
    assert kernel_alignment(a, b, unbiased=unbiased).item() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("unbiased", [False, True])
def test_rotation_scale_and_offset_do_not_matter(unbiased: bool) -> None:
    a, _ = related_features(30, 8, 8)
    rotation, _ = torch.linalg.qr(torch.randn(8, 8, dtype=torch.float64))
    assert kernel_alignment(a, 3 * a @ rotation + 100, unbiased=unbiased).item() == pytest.approx(1, abs=1e-10)


def test_only_the_unbiased_estimate_of_independent_features_is_near_0() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(2000, 640, generator=generator) for _ in range(2))
    assert kernel_alignment(a, b).item() == pytest.approx(0.24, abs=0.01)
    assert abs(kernel_alignment(a, b, unbiased=True).item()) < 0.01
    batches = list(zip(a.split(64), b.split(64), strict=True))
    assert np.mean([kernel_alignment(*batch).item() for batch in batches]) == pytest.approx(0.91, abs=0.01)
    sums = AlignmentSums()
    for batch in batches:
        sums.add(*batch)
    assert abs(sums.value()) < 0.02


def test_sums_over_batches_come_near_the_whole() -> None:
    a, b = related_features(2000, 64, 96, dtype=torch.float32)
    sums = AlignmentSums()
    for batch in zip(a.split(64), b.split(64), strict=True):
        sums.add(*batch)
    assert sums.value() == pytest.approx(kernel_alignment(a, b, unbiased=True).item(), abs=2e-3)


def test_sums_are_of_unbiased_criteria_weighted_by_samples() -> None:
    a, b = related_features(30, 6, 7)
    parts = [slice(0, 20), slice(20, 30)]
    across, of_a, of_b = sum(
        (part.stop - part.start) * criteria(a[part], b[part], unbiased_criterion) for part in parts
    )
    sums = AlignmentSums()
    for part in parts:
        sums.add(a[part], b[part])
    assert sums.value() == pytest.approx(across / np.sqrt(of_a * of_b), rel=1e-10)


@pytest.mark.parametrize("dimensions", [3, 9])
@pytest.mark.parametrize("unbiased", [False, True])
def test_gradients(dimensions: int, unbiased: bool) -> None:
    a, b = related_features(6, dimensions, 4)
    assert gradcheck(lambda a, b: kernel_alignment(a, b, unbiased), [a.requires_grad_(), b.requires_grad_()])


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (
            torch.zeros(5, 3),
            torch.zeros(4, 3),
            r"features are \(5, 3\) and \(4, 3\); allowed are \(n, d\) and \(n, e\)",
        ),
        (torch.zeros(5, 3), torch.zeros(5, 3).double(), "features are torch.float32 and torch.float64; allowed is one"),
        (torch.ones(5, 3), torch.eye(5), "features have no variance"),
        (torch.eye(3), torch.eye(3), "features are of 3 samples; at least 4 are needed"),
        (torch.eye(5), torch.full((5, 3), float("nan")), "features b hold NaN or infinity"),
    ],
)
def test_features_without_a_value_are_named(a: torch.Tensor, b: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kernel_alignment(a, b, unbiased=True)


def test_no_batches_have_no_value() -> None:
    with pytest.raises(ValueError, match="features have no variance, or there are none"):
        AlignmentSums().value()
