"""BYOL's loss: each view's prediction of what a target network makes of the other view."""

from torch import Tensor

from models.selfsup.losses.checks import check_two_views
from models.selfsup.losses.features import exact_products, unit


def byol_loss(predictions: Tensor, targets: Tensor) -> Tensor:
    """The mean over images of |p1 - z2|^2 + |p2 - z1|^2, of unit vectors: ().

    p: a view's prediction. z: the target network's projection of a view, without gradients. predictions, targets:
    (2, images, features). Raises ValueError for other shapes.
    """
    check_two_views("predictions", predictions)
    check_two_views("targets", targets)
    with exact_products(predictions):
        distances = unit(predictions) - unit(targets.detach()).flip(0)
        return distances.square().sum((0, 2)).mean()
