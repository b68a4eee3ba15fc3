"""NT-Xent, SimCLR's loss: each view is to be told from all others by the other view of its image."""

import torch
from torch import Tensor

from models.checks import check_above_zero
from models.selfsup.losses.checks import check_sides, check_two_views
from models.selfsup.losses.classification import Classification, query_labels
from models.selfsup.losses.features import exact_products, unit


def nt_xent(views: Tensor, temperature: float) -> Tensor:
    """The mean over both views of all images of -log(e^(s+ / t) / sum of e^(s / t) over all other views): ().

    s: cosines, s+ that of the image's other view. t: the temperature. views: (2, images, features).
    """
    return contrastive_problem(views, views, temperature).loss


def contrastive_problem(views: Tensor, others: Tensor, temperature: float, first: int = 0) -> Classification:
    """The classification of each of `views` among `others` but itself; the class is the image's other view.

    views: (2, images, features). others: (2, all images, features), with `views` from image number `first` on. The
    logits are (2 images, 2 all images), -inf for a view and itself.

    Raises ValueError for other shapes and for a temperature that is not above 0.
    """
    check_above_zero("temperature", temperature)
    check_two_views("views", views)
    check_two_views("others", others)
    check_sides(others, views, first)
    images, everything = views.shape[1], others.shape[1]
    with exact_products(views):
        queries = unit(views).flatten(0, 1) / temperature
        logits = queries @ (queries * temperature if others is views else unit(others).flatten(0, 1)).T
        for view in range(2):
            rows, start = logits[view * images : (view + 1) * images], view * everything + first
            rows[:, start : start + images].fill_diagonal_(-torch.inf)
    own = query_labels(views[:1], first)
    return Classification(logits, torch.cat((own + everything, own)))
