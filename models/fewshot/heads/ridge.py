"""The head of R2-D2: ridge regression of the labels on the features (dissertation section 5.3)."""

import math

import torch
from torch import Tensor

from models.fewshot.heads.checks import check_finite, class_weights
from models.fewshot.heads.precision import in_given_precision
from models.fewshot.heads.products import inner_products


@in_given_precision
def ridge_logits(query: Tensor, support: Tensor, labels: Tensor, ways: int, regularization: float = 50.0) -> Tensor:
    """Products of the queries with W = (X^T X + regularization I)^-1 X^T Y: (tasks, queries, ways).

    query: (tasks, queries, d). support: X, (tasks, samples, d). labels: Y, int64 (tasks, samples) or soft (tasks,
    samples, ways). The system has the size of samples or d, whichever is smaller.

    Raises ValueError for inputs that do not fit together, a way without support, features that are not finite, and a
    regularization that is not positive or too small for the features' dtype.
    """
    if not 0 < regularization < math.inf:
        raise ValueError(f"regularization is {regularization}; allowed is a positive number")
    weights = class_weights(query, support, labels, ways)
    if support.shape[1] <= support.shape[2]:
        cross, kernel = inner_products(query, support)
        return cross @ _solve(kernel, weights, regularization)
    covariance = support.mT @ support
    check_finite(covariance, query, support)
    logits = query @ _solve(covariance, support.mT @ weights, regularization)
    check_finite(logits, query, support)
    return logits


def _solve(products: Tensor, right: Tensor, regularization: float) -> Tensor:
    identity = torch.eye(products.shape[-1], dtype=products.dtype, device=products.device)
    factor, failed = torch.linalg.cholesky_ex(products + regularization * identity)
    if failed.any():
        task = int(failed.nonzero()[0])
        raise ValueError(
            f"regularization is {regularization}, too small for the features of task {task} in {products.dtype}"
        )
    return torch.cholesky_solve(right, factor)
