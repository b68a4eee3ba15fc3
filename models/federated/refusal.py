"""Updates that a server does not add to its sum."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from models.federated.aggregation import update_norm
from models.federated.broadcast import Broadcast
from models.federated.client import Update
from models.federated.low_bit import check_weight
from models.federated.recogniser import Recogniser


@dataclass(frozen=True)
class Limits:
    """What a client's update may be. examples: the most that it may claim, so that no client outweighs the others.

    norm: the largest of all its gradients together.
    """

    examples: int
    norm: float = math.inf


def model_refusal(model: Broadcast, sent: Broadcast) -> str | None:
    """Why a client's model must not be compared with what it was sent, naming the tensor, or None if it may be."""
    for kind, other in ((model.low_bit, sent.low_bit), (model.floats, sent.floats)):
        for name in sorted(other.keys() ^ kind.keys()):
            return f"lacks {name}" if name in other else f"has {name}, which is no part of the model"
    for name, weight in model.low_bit.items():
        before = sent.low_bit[name]
        if (weight.bits, weight.shape) != (before.bits, before.shape):
            return f"has {name} of {weight.bits} bits and shape {weight.shape}; expected is {before.shape}"
        try:
            check_weight(name, weight)
        except ValueError as error:
            return f"is damaged: {error}"
    for name, one in model.floats.items():
        if one.shape != sent.floats[name].shape:
            return f"has {name} of shape {tuple(one.shape)}; expected is {tuple(sent.floats[name].shape)}"
    return None


def refusal(update: Update, recogniser: Recogniser, limits: Limits) -> str | None:
    """Why an update must not be added, naming the tensor and the numbers, or None if it may be.

    An update without examples may be: it counts for nothing.
    """
    if not 0 <= update.examples <= limits.examples:
        return f"claims {update.examples} examples; allowed are 0 to {limits.examples}"
    if not update.examples:
        return None
    shapes = {name: tuple(one.shape) for name, one in recogniser.named_parameters()}
    for name in sorted(shapes.keys() ^ update.gradients.keys()):
        return f"lacks {name}" if name in shapes else f"has {name}, which is no part of the model"
    for name, gradient in update.gradients.items():
        if tuple(gradient.shape) != shapes[name]:
            return f"has {name} of shape {tuple(gradient.shape)}; expected is {shapes[name]}"
    reason = not_finite(update)
    if reason is not None:
        return reason
    if limits.norm == math.inf:
        return None
    norm = update_norm(update)
    return f"has a norm of {norm:.4g}; allowed is {limits.norm:.4g}" if norm > limits.norm else None


def not_finite(update: Update) -> str | None:
    """Which part of an update has values that are not finite, or None if all are."""
    if not math.isfinite(update.loss):
        return f"has a loss of {update.loss}"
    for name, gradient in update.gradients.items():
        if not torch.isfinite(gradient).all():
            return f"has {name} with {_broken(gradient)} values that are not finite"
    return None


def _broken(gradient: Tensor) -> int:
    return int((~torch.isfinite(gradient)).sum())
