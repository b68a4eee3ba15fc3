"""Centred kernel alignment, CKA: how alike two networks represent the same images (dissertation section 5.4.4).

With linear kernels, CKA is HSIC(a, b) / sqrt(HSIC(a, a) HSIC(b, b)), where HSIC is the Hilbert-Schmidt independence
criterion. Its usual estimate is biased: of independent features, it is far above 0 unless samples greatly outnumber
dimensions. The unbiased estimate is Song et al.'s ("Feature selection via dependence maximization", 2012).
"""

import torch
from torch import Tensor


def kernel_alignment(a: Tensor, b: Tensor, unbiased: bool = False) -> Tensor:
    """CKA of two sets of features of the same samples (scalar): 1 for features equal up to rotation, scale and offset.

    a: (n, d). b: (n, e). unbiased: from the unbiased estimate of HSIC, which may be below 0, else from the biased one,
    as in Table 5.4. Costs grow with n when d and e are at most n, and with n^2 otherwise.

    Raises ValueError for features of different samples, for fewer than 2 samples, or 4 if unbiased, and for features
    without variance.
    """
    return _ratio(_independence_criteria(a, b, unbiased))


class AlignmentSums:
    """Unbiased CKA over batches: sums of the unbiased HSIC first, then their ratio.

    The ratio of each batch is biased, and so is the mean of the ratios. The sums are kept in float64.
    """

    def __init__(self) -> None:
        self._sums = torch.zeros(3, dtype=torch.float64)

    def add(self, a: Tensor, b: Tensor) -> None:
        """Adds a batch of features (n, d) and (n, e), weighted by n. Raises ValueError as kernel_alignment."""
        self._sums += len(a) * _independence_criteria(a.detach(), b.detach(), unbiased=True).double().cpu()

    def value(self) -> float:
        """CKA of all batches so far. Raises ValueError if there is none, or for features without variance."""
        return _ratio(self._sums).item()


def _independence_criteria(a: Tensor, b: Tensor, unbiased: bool) -> Tensor:
    """HSIC(a, b), HSIC(a, a) and HSIC(b, b), up to a common factor: (3,)."""
    _check(a, b, 4 if unbiased else 2)
    a, b = a - a.mean(0), b - b.mean(0)
    by_kernels = max(a.shape[1], b.shape[1]) > len(a)
    criterion = _unbiased_criterion if unbiased else _biased_criterion
    return torch.stack([criterion(first, second, by_kernels) for first, second in ((a, b), (a, a), (b, b))])


def _biased_criterion(a: Tensor, b: Tensor, by_kernels: bool) -> Tensor:
    """tr(K L) of the kernels K = a a^T and L = b b^T of centred features."""
    return ((a @ a.T) * (b @ b.T)).sum() if by_kernels else (a.T @ b).square().sum()


def _unbiased_criterion(a: Tensor, b: Tensor, by_kernels: bool) -> Tensor:
    """(tr(K L) + 1K1 1L1 / ((n - 1)(n - 2)) - 2 1KL1 / (n - 2)) / (n (n - 3)), with zeros on the diagonals of K and L.

    The rows of centred features sum to 0, and so do those of the whole kernels: without the diagonal, a row sums to
    minus its element there.
    """
    n = len(a)
    of_a, of_b = a.square().sum(1), b.square().sum(1)
    trace = _biased_criterion(a, b, by_kernels) - of_a @ of_b
    sums = of_a.sum() * of_b.sum() / ((n - 1) * (n - 2)) - 2 * (of_a @ of_b) / (n - 2)
    return (trace + sums) / (n * (n - 3))


def _ratio(criteria: Tensor) -> Tensor:
    across, of_a, of_b = criteria.unbind()
    if not (of_a > 0 and of_b > 0):
        raise ValueError("features have no variance, or there are none; CKA has no value")
    return across / (of_a.sqrt() * of_b.sqrt())


def _check(a: Tensor, b: Tensor, samples: int) -> None:
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b):
        raise ValueError(f"features are {tuple(a.shape)} and {tuple(b.shape)}; allowed are (n, d) and (n, e)")
    if a.dtype != b.dtype or not a.is_floating_point():
        raise ValueError(f"features are {a.dtype} and {b.dtype}; allowed is one floating dtype")
    if len(a) < samples:
        raise ValueError(f"features are of {len(a)} samples; at least {samples} are needed")
    for name, features in (("a", a), ("b", b)):
        if not features.isfinite().all():
            raise ValueError(f"features {name} hold NaN or infinity")
