"""The plane of linear discriminant analysis, in which Figure 5.2 shows features (dissertation section 5.4.3)."""

import torch
from torch import Tensor


def discriminant_plane(features: Tensor, labels: Tensor) -> Tensor:
    """Features projected on the first two components of linear discriminant analysis: (n, 2).

    The analysis is fitted on these features themselves. With more dimensions than samples it separates classes that
    new samples would not, so a figure has to state the fit.

    features: (n, d), d of at least 2. labels: int64 (n,), of at least three classes, as two leave only one component.
    Raises ValueError for other shapes, fewer classes, and features that are not finite.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    if features.ndim != 2 or labels.shape != features.shape[:1] or features.shape[1] < 2:
        raise ValueError(
            f"features are {tuple(features.shape)}, labels {tuple(labels.shape)}; allowed are (n, 2 or more) and (n,)"
        )
    classes = len(set(labels.tolist()))
    if not 3 <= classes < len(labels):
        raise ValueError(f"labels hold {classes} classes of {len(labels)} samples; a plane needs 3, and more samples")
    if not features.isfinite().all():
        raise ValueError("features hold NaN or infinity")
    analysis = LinearDiscriminantAnalysis(n_components=2)
    points = analysis.fit_transform(features.detach().double().cpu().numpy(), labels.cpu().numpy())
    return torch.from_numpy(points).to(features)
