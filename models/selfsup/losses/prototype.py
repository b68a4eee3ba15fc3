"""ProtoNet's loss: queries are told apart by their distances to the means of support views."""

from torch import Tensor

from models.checks import check_above_zero
from models.selfsup.losses.checks import check_sides
from models.selfsup.losses.classification import Classification, query_labels
from models.selfsup.losses.features import exact_products, unit


def prototype_loss(support: Tensor, query: Tensor, temperature: float) -> Tensor:
    """The mean cross-entropy of queries with logits -|q - p|^2 / t: ().

    q: a query's unit vector. p: the mean of the unit vectors of an image's support views. t: the temperature.
    support, query: (views, images, features).
    """
    return prototype_problem(support, query, temperature).loss


def prototype_problem(support: Tensor, query: Tensor, temperature: float, first: int = 0) -> Classification:
    """The classification of queries (views, images, features) by the prototypes of support (views, all images, ...).

    The logits are (views * images, all images); each lacks |q|^2 / t, which a query's logits have in common.
    first: class of the first query image.

    Raises ValueError for other shapes and for a temperature that is not above 0.
    """
    check_above_zero("temperature", temperature)
    check_sides(support, query, first)
    with exact_products(query):
        prototypes = unit(support).mean(0)
        queries = unit(query).flatten(0, 1)
        squares = prototypes.square().sum(1) / -temperature
        logits = squares.addmm(queries, prototypes.T, alpha=2 / temperature)
    return Classification(logits, query_labels(query, first))
