"""A linear layer trained on the support of each task: the head "NN" of Table 5.9 (dissertation section 5.7.2)."""

import math

import torch
from torch import Tensor

from models.fewshot.heads.checks import class_weights
from models.fewshot.heads.precision import in_given_precision
from models.fewshot.heads.products import inner_products


@in_given_precision
def linear_logits(
    query: Tensor,
    support: Tensor,
    labels: Tensor,
    ways: int,
    steps: int = 100,
    learning_rate: float = 1.0,
    momentum: float = 0.9,
    weight_decay: float = 1e-3,
) -> Tensor:
    """Logits of a linear layer with bias, trained on the whole support for `steps` steps: (tasks, queries, ways).

    The layer starts at 0 and follows SGD with Nesterov's momentum on the mean cross-entropy. Features are divided by
    the root of the mean squared norm of the task's support. That bounds the loss's curvature by 1, so one learning rate
    suits all features. The text states no more than "a linear NN layer"; the options are ours.

    query: (tasks, queries, d). support: (tasks, samples, d). labels: int64 (tasks, samples), or soft (tasks, samples,
    ways). Differentiable through all steps.

    Raises ValueError for inputs that do not fit together, a way without support, features that are not finite, and
    options outside their ranges.
    """
    _check_options(steps, learning_rate, momentum, weight_decay)
    targets = class_weights(query, support, labels, ways)
    cross, kernel = inner_products(query, support)
    scale = kernel.diagonal(dim1=-2, dim2=-1).mean(-1).clamp(min=torch.finfo(kernel.dtype).tiny)[:, None, None]
    # Weights that start at 0 stay combinations of the support. Their coefficients follow the same steps as they do, and
    # the products of the bias's input, 1, with itself add 1 to all products of features.
    coefficients = _train(kernel / scale + 1, targets, steps, learning_rate, momentum, weight_decay)
    return (cross / scale + 1) @ coefficients


def _train(
    products: Tensor, targets: Tensor, steps: int, learning_rate: float, momentum: float, weight_decay: float
) -> Tensor:
    """Coefficients (tasks, samples, ways) of the support in the trained weights, bias included."""
    coefficients = torch.zeros_like(targets)
    velocity = torch.zeros_like(targets)
    samples = targets.shape[1]
    for _ in range(steps):
        error = (products @ coefficients).softmax(-1) - targets
        gradient = error / samples + weight_decay * coefficients
        velocity = momentum * velocity + gradient
        coefficients = coefficients - learning_rate * (gradient + momentum * velocity)
    return coefficients


def _check_options(steps: int, learning_rate: float, momentum: float, weight_decay: float) -> None:
    if not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps is {steps}; allowed is an integer of at least 1")
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate is {learning_rate}; allowed is a positive number")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum is {momentum}; allowed is 0 up to, but not including, 1")
    if not 0 <= weight_decay < math.inf:
        raise ValueError(f"weight_decay is {weight_decay}; allowed is a number of at least 0")
