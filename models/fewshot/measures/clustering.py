"""Feature clustering R_FC and hyperplane variation R_HV (dissertation sections 5.4.1, 5.4.4 and 5.4.5).

Both are regularizers too. They are differentiable everywhere, also where features coincide.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from models.checks import check_choice

Form = Literal["table", "printed"]
"""The forms of R_HV: the one that Tables 5.2 and 5.5 hold, and the one that the text prints."""

_BETWEEN = 1e-6
"""Added to the distance between classes, so that R_FC of equal features has a value."""

_NORM = 1e-4
"""Added to the mean norm of the difference vectors, so that R_HV of equal features has a value."""


def feature_clustering(pairs: Tensor) -> Tensor:
    """R_FC of pairs of classes, as Tables 5.2 and 5.5 hold it: the variance ratio of every pair, averaged (scalar).

    pairs: (pairs, 2 classes, 2 samples, d). Raises ValueError for other shapes.
    """
    return clustering_of_pairs(pairs).mean()


def clustering_of_pairs(pairs: Tensor) -> Tensor:
    """R_FC of every pair of classes by itself: (pairs,); see `feature_clustering`."""
    _check_pairs(pairs)
    return _variance_ratio(pairs)


def feature_clustering_of_batch(features: Tensor) -> Tensor:
    """R_FC as the text prints it, over all classes at once: C/N sum_ij |f_ij - mu_i|^2 / sum_i |mu_i - mu|^2 (scalar).

    It grows with the number of classes, so that it does not compare with the tables. features: (C classes, N samples,
    d). Raises ValueError for fewer than two classes.
    """
    if features.ndim != 3 or len(features) < 2 or 0 in features.shape:
        raise ValueError(f"features are {tuple(features.shape)}; allowed is (classes, samples, d) of 2 or more classes")
    return _variance_ratio(features)


def feature_clustering_of_split(features: Tensor, counts: Sequence[int]) -> Tensor:
    """`feature_clustering_of_batch` of classes with different numbers of images, each of which counts alike (scalar).

    features: (images, d); those of a class lie side by side. counts: images of each class. Raises ValueError for fewer
    than two classes, and for features that do not fit the counts.
    """
    if features.ndim != 2 or len(counts) < 2 or min(counts) < 1 or len(features) != sum(counts):
        raise ValueError(f"features are {tuple(features.shape)} of {len(counts)} classes, {sum(counts)} images")
    by_class = torch.split(features, list(counts))
    means = torch.stack([images.mean(0) for images in by_class])
    within = torch.stack([(images - images.mean(0)).square().sum() / len(images) for images in by_class]).sum()
    return len(counts) * within / ((means - means.mean(0)).square().sum() + _BETWEEN)


def hyperplane_variation(pairs: Tensor, form: Form = "table") -> Tensor:
    """R_HV of pairs of classes, averaged (scalar).

    pairs: (pairs, 2 classes, 2 samples, d). form: see `variation_of_pairs`. Raises ValueError for other shapes and
    forms.
    """
    return variation_of_pairs(pairs, form).mean()


def variation_of_pairs(pairs: Tensor, form: Form = "table") -> Tensor:
    """R_HV of every pair of classes by itself: (pairs,).

    With d1 = f(x1) - f(y1) and d2 = f(x2) - f(y2), the difference vectors of two draws from both classes, the form
    "table" is (|d1 - d2| / mean(|d1|, |d2|))^2, and "printed" is |d1 - d2| / (|d1| + |d2|), at most 1.

    pairs: (pairs, 2 classes, 2 samples, d). Raises ValueError for other shapes and forms.
    """
    _check_pairs(pairs)
    check_choice("form", form, Form)
    differences = pairs[:, 0] - pairs[:, 1]
    change = differences[:, 0] - differences[:, 1]
    norms: Tensor = torch.linalg.vector_norm(differences, dim=-1)
    mean_norm = norms.mean(-1) + _NORM
    if form == "table":
        return change.square().sum(-1) / mean_norm.square()
    changed: Tensor = torch.linalg.vector_norm(change, dim=-1)
    return changed / (2 * mean_norm)


def isotropic_hyperplane_variation(clustering: float) -> float:
    """R_HV, in the form of the tables, of isotropic classes with this R_FC of pairs: 4 R_FC / (4 + R_FC)."""
    return 4 * clustering / (4 + clustering)


def _variance_ratio(features: Tensor) -> Tensor:
    """C/N times the variance within classes over that between them: (..., C, N, d) to (...)."""
    classes, samples = features.shape[-3:-1]
    means = features.mean(-2)
    within = (features - means.unsqueeze(-2)).square().sum((-3, -2, -1))
    between = (means - means.mean(-2, keepdim=True)).square().sum((-2, -1))
    return classes / samples * within / (between + _BETWEEN)


def _check_pairs(pairs: Tensor) -> None:
    if pairs.ndim != 4 or pairs.shape[1:3] != (2, 2) or 0 in pairs.shape:
        raise ValueError(f"pairs are {tuple(pairs.shape)}; allowed is (pairs, 2 classes, 2 samples, d)")
