"""Measures of a whole split's features: how its classes separate, and how alike two networks see its images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.data.draws import key_of
from models.fewshot.class_pairs import drawn_pairs
from models.fewshot.measures import (
    AlignmentSums,
    clustering_of_pairs,
    isotropic_hyperplane_variation,
    kernel_alignment,
    variation_of_pairs,
)
from models.fewshot.statistics import Estimate, estimate
from models.training.seeds import check_seed

_MOST_PAIRS = 1 << 24
_GATHERED_BYTES = 1 << 24  # of features, so that a batch of pairs stays in the cache
_LARGEST_BATCH = 2048  # images; their kernels take 16 MB each


@dataclass(frozen=True, eq=False)
class Separation:
    """R_FC and R_HV of random pairs of classes, two images each, as Tables 5.2 and 5.5 hold them.

    clusterings: R_FC of each pair, (pairs,). variations, printed_variations: R_HV of each pair in the form of the
    tables and in the printed one. The estimates' standard errors are over the draws of pairs from the given images.
    """

    clusterings: Tensor
    variations: Tensor
    printed_variations: Tensor

    @property
    def clustering(self) -> Estimate:
        """R_FC."""
        return estimate(self.clusterings)

    @property
    def variation(self) -> Estimate:
        """R_HV in the form of the tables."""
        return estimate(self.variations)

    @property
    def printed_variation(self) -> Estimate:
        """R_HV in the form that the text prints, at most 1."""
        return estimate(self.printed_variations)

    @property
    def isotropic_variation(self) -> float:
        """R_HV, in the form of the tables, of isotropic classes with the same R_FC."""
        return isotropic_hyperplane_variation(self.clustering.mean)


@torch.no_grad()
def class_separation(features: Tensor, counts: Sequence[int], pairs: int, seed: int) -> Separation:
    """R_FC and R_HV over `pairs` random pairs of classes; two networks are measured on the same ones by the same seed.

    features: (images, d), finite; those of a class lie side by side. counts: images of each class, as in `ClassImages`.

    Raises ValueError for features that do not fit the counts, fewer than two classes, a class of one image, naming it,
    and for numbers of pairs and seeds out of range.
    """
    check_pairs(pairs, seed)
    _check(features, counts)
    measured = [
        (clustering_of_pairs(chosen), variation_of_pairs(chosen), variation_of_pairs(chosen, "printed"))
        for chosen in _features_of_pairs(features, counts, pairs, seed)
    ]
    return Separation(*(torch.cat(values) for values in zip(*measured, strict=True)))


def check_pairs(pairs: int, seed: int) -> None:
    """Raises ValueError for numbers of pairs and seeds out of range."""
    if not 2 <= pairs <= _MOST_PAIRS:
        raise ValueError(f"pairs is {pairs}; allowed are the integers 2 to {_MOST_PAIRS}")
    check_seed(seed)


@dataclass(frozen=True)
class Alignment:
    """CKA of two networks' features of the same images. biased: the estimate that Table 5.4 holds."""

    unbiased: float
    biased: float


@torch.no_grad()
def alignment(features_a: Tensor, features_b: Tensor) -> Alignment:
    """CKA of features (images, d) and (images, e) of the same images in the same order.

    The unbiased estimate sums over batches of up to 2,048 images in a random order, which is always the same one: in
    the order of a data set a batch would hold few classes. The biased estimate is of all images at once.

    Raises ValueError for features of different images, fewer than 4, of two dtypes, or not finite, and for features
    without variance.
    """
    biased = kernel_alignment(features_a, features_b).item()
    sums = AlignmentSums()
    order = torch.randperm(len(features_a), generator=torch.Generator().manual_seed(0)).to(features_a.device)
    for batch in order.tensor_split(-(-len(order) // _LARGEST_BATCH)):
        sums.add(features_a[batch], features_b[batch])
    return Alignment(sums.value(), biased)


def _features_of_pairs(features: Tensor, counts: Sequence[int], pairs: int, seed: int) -> Iterator[Tensor]:
    """Batches of features (pairs, 2 classes, 2 images, d)."""
    key = key_of("class separation", seed)
    size = max(1, _GATHERED_BYTES // (4 * features.shape[1] * features.element_size()))
    for first in range(0, pairs, size):
        _, images = drawn_pairs(key, np.arange(first, min(first + size, pairs)), counts)
        yield features[torch.from_numpy(images).to(features.device)]


def _check(features: Tensor, counts: Sequence[int]) -> None:
    if features.ndim != 2 or len(features) != sum(counts):
        raise ValueError(f"features are {tuple(features.shape)}; allowed is (images, d) of {sum(counts)} images")
    if len(counts) < 2:
        raise ValueError(f"there are {len(counts)} classes; pairs of classes need at least 2")
    if min(counts) < 2:
        raise ValueError(f"class {list(counts).index(min(counts))} has {min(counts)} images; pairs need 2 of each")
