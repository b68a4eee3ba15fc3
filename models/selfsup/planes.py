"""Features in a plane: principal components, or t-SNE."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

PlaneName = Literal["pca", "tsne"]

LARGEST_PLANE = 5000
"""Points that a plane shows at most: the time of t-SNE grows faster than their number."""

_COMPONENTS = 50  # that t-SNE starts from
_PERPLEXITY = 30.0


def plane_of(features: NDArray[np.float32], kind: PlaneName, seed: int) -> NDArray[np.float64]:
    """Features (n, d) as points of a plane, (n, 2): their first two principal components, or t-SNE of the first 50.

    seed: of t-SNE, which otherwise starts at the principal components. Raises ValueError for fewer than 3 features.
    """
    if len(features) < 3:
        raise ValueError(f"there are {len(features)} pictures; a plane needs 3 and more")
    components = _principal_components(features)
    if kind == "pca":
        return components[:, :2]
    from sklearn.manifold import TSNE  # slow to import

    perplexity = min(_PERPLEXITY, (len(features) - 1) / 3)
    found: NDArray[np.float64] = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(components)
    return found


def shown_points(count: int, seed: int) -> NDArray[np.int64]:
    """The points of a plane: all, or if there are too many a random part of them, in ascending order."""
    if count <= LARGEST_PLANE:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, LARGEST_PLANE, replace=False))


def _principal_components(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """The first components, (n, at least 2), each with its largest coordinate positive."""
    centred = features.astype(np.float64) - features.mean(0, dtype=np.float64)
    left, strengths, _ = np.linalg.svd(centred, full_matrices=False)
    found: NDArray[np.float64] = (left * strengths)[:, :_COMPONENTS]
    found *= np.where(found[np.abs(found).argmax(0), np.arange(found.shape[1])] < 0, -1.0, 1.0)
    return np.pad(found, ((0, 0), (0, max(0, 2 - found.shape[1]))))
