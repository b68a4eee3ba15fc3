"""R2-D2's loss: queries are classified by a ridge regression on the support views."""

import torch
from torch import Tensor

from models.checks import check_above_zero
from models.selfsup.losses.checks import check_sides
from models.selfsup.losses.classification import Classification, query_labels
from models.selfsup.losses.features import exact_products, unit


def ridge_loss(support: Tensor, query: Tensor, ridge: float, temperature: float) -> Tensor:
    """The mean cross-entropy of queries with logits Q S^T (S S^T + lambda t I)^-1 Y: ().

    Q, S: unit vectors of query and support views. Y: one-hot classes of the support. lambda: the ridge coefficient.
    t: the temperature. This equals features divided by the root of t with lambda alone, so the product alone counts.
    support, query: (views, images, features).
    """
    return ridge_problem(support, query, ridge, temperature).loss


def ridge_problem(
    support: Tensor, query: Tensor, ridge: float, temperature: float, first: int = 0, scale: Tensor | float = 1.0
) -> Classification:
    """The classification of queries (views, images, features) by ridge regression on support (views, all images, ...).

    The logits are (views * images, all images), times `scale`. They come from a system of equations of as many unknowns
    as there are features, or support views if these are fewer. first: class of the first query image.

    Raises ValueError for other shapes, and for a ridge coefficient or temperature that is not above 0.
    """
    check_above_zero("ridge", ridge)
    check_above_zero("temperature", temperature)
    check_sides(support, query, first)
    with exact_products(query):
        known, asked = unit(support), unit(query).flatten(0, 1)
        shots, images, features = known.shape
        predict = dual_logits if shots * images <= features else primal_logits
        logits = predict(known, asked, ridge * temperature) * scale
    return Classification(logits, query_labels(query, first))


def primal_logits(support: Tensor, queries: Tensor, ridge: float) -> Tensor:
    """Q (S^T S + ridge I)^-1 S^T Y, where S^T Y sums each image's views: (queries, images).

    support: (views, images, features), Q: (queries, features), both of length 1.
    """
    flat = support.flatten(0, 1)
    factor = _factor(flat.T @ flat, ridge)
    return queries @ torch.cholesky_solve(support.sum(0).T, factor)


def dual_logits(support: Tensor, queries: Tensor, ridge: float) -> Tensor:
    """Q S^T (S S^T + ridge I)^-1 Y, the same from as many unknowns as there are support views.

    Y sums the rows of each image's views.
    """
    flat = support.flatten(0, 1)
    factor = _factor(flat @ flat.T, ridge)
    solved = torch.cholesky_solve(flat @ queries.T, factor)
    return solved.view(*support.shape[:2], -1).sum(0).T


def _factor(products: Tensor, ridge: float) -> Tensor:
    """The Cholesky factor of products + ridge I; NaN where there is none, which stops a training by its loss.

    An exception would have to wait for the GPU in each step.
    """
    identity = torch.eye(len(products), dtype=products.dtype, device=products.device)
    factor, failed = torch.linalg.cholesky_ex(products + ridge * identity)
    checked: Tensor = factor.masked_fill(failed > 0, torch.nan)
    return checked
