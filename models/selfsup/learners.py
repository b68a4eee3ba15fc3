"""The classification problems that learners set in a task, and the cosines of its projections."""

from collections.abc import Mapping

import torch
from torch import Tensor

from models.selfsup.config import SelfSupConfig
from models.selfsup.losses.classification import Classification
from models.selfsup.losses.contrastive import contrastive_problem
from models.selfsup.losses.features import full_precision, unit
from models.selfsup.losses.gather import gathered
from models.selfsup.losses.prototype import prototype_problem
from models.selfsup.losses.ridge import ridge_problem


def task_problem(config: SelfSupConfig, projections: Tensor, logit_scale: Tensor) -> Classification:
    """The classification that simclr, protonet or r2d2 sets on the views (views, images, d) of this process's images.

    The images of all processes are the classes. logit_scale: factor of r2d2's logits.
    """
    temperature, exact = config.used_temperature, full_precision(projections)
    if config.learner == "simclr":
        others, first = gathered(exact)
        return contrastive_problem(exact, others, temperature, first)
    query = exact[config.support_views :]
    support, first = gathered(exact[: config.support_views])
    if config.learner == "protonet":
        return prototype_problem(support, query, temperature, first)
    return ridge_problem(support, query, config.ridge, temperature, first, full_precision(logit_scale))


@torch.no_grad()
def cosines(projections: Tensor) -> Mapping[str, Tensor]:
    """The mean cosine of an image's first and last view, and of such views of two images: (views, images, d) to ().

    The sum over all pairs is the product of both sums, so that no matrix of pairs is needed.
    """
    one, other = unit(projections[0]), unit(projections[-1])
    images = len(one)
    positives = (one * other).sum()
    negatives = one.sum(0) @ other.sum(0) - positives
    return {
        "positive_cosine": positives / images,
        "negative_cosine": negatives / max(1, images * (images - 1)),
    }
