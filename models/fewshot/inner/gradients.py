"""Gradients of a loss by a network's parameters, in the form that the way of working on the tasks allows."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.func import grad_and_value

from models.fewshot.inner.functional import Parameters
from models.fewshot.inner.tasks import How

Loss: TypeAlias = Callable[..., Tensor]
"""Parameters and tensors of one task to a loss, a scalar."""

GradientOf: TypeAlias = Callable[..., tuple[Parameters, Tensor]]
"""A loss, parameters and further tensors to the gradients by name and the value of the loss."""


def gradient_for(how: How) -> GradientOf:
    """A gradient that can be nested: the outer one differentiates through the inner ones.

    vmap takes `torch.func`'s. A loop takes autograd's, which is a tenth quicker or more on a CPU.
    """
    return _by_transform if how == "vmap" else _by_autograd


def _by_transform(loss: Loss, parameters: Parameters, *tensors: Tensor) -> tuple[Parameters, Tensor]:
    found: tuple[Parameters, Tensor] = grad_and_value(loss)(parameters, *tensors)
    return found


def _by_autograd(loss: Loss, parameters: Parameters, *tensors: Tensor) -> tuple[Parameters, Tensor]:
    nested = any(tensor.requires_grad for tensor in parameters.values())
    if not nested:
        parameters = {name: tensor.detach().requires_grad_() for name, tensor in parameters.items()}
    with torch.enable_grad():
        value = loss(parameters, *tensors)
    found = torch.autograd.grad(value, list(parameters.values()), create_graph=nested, materialize_grads=True)
    return dict(zip(parameters, found, strict=True)), value if nested else value.detach()
