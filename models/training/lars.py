"""LARS: momentum with a learning rate of each layer's own (You, Gitman and Ginsburg, 2017)."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from models.training.closure import loss_of

_AXES = 2
_EPSILON = 1e-8


def is_vector(parameter: Tensor) -> bool:
    """Whether a parameter has fewer than two axes, as biases, batch norms and factors have."""
    return parameter.dim() < _AXES


class LARS(Optimizer):
    """Stochastic gradient descent with momentum whose steps are in proportion to the length of each weight tensor.

    With gradient g, weight w and decay b, v becomes momentum * v + r (g + b w), and w falls by the learning rate times
    v, where r = trust |w| / (|g| + b |w|). r is 1 for weights of zeros, and gradients of zeros leave decay out.
    Parameters of fewer than two axes have r = 1 and no decay. Nothing waits for a GPU.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        *,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust: float = 1e-3,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust}
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Takes a step; returns what `closure`, which computes the gradients anew, returns."""
        loss = loss_of(closure)
        for group in self.param_groups:
            trained = [one for one in group["params"] if one.grad is not None]
            for parameters in (
                [one for one in trained if not is_vector(one)],
                [one for one in trained if is_vector(one)],
            ):
                if parameters:
                    self._move(parameters, group)
        return loss

    def _move(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        """Takes a step with parameters that are either all vectors or none."""
        changes = [one.grad for one in parameters if one.grad is not None]
        if not is_vector(parameters[0]):
            changes = _adapted(parameters, changes, group["weight_decay"], group["trust"])
        velocities = [self._velocity(one) for one in parameters]
        torch._foreach_mul_(velocities, group["momentum"])
        torch._foreach_add_(velocities, changes)
        torch._foreach_add_(parameters, velocities, alpha=-group["lr"])

    def _velocity(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if not state:
            state["velocity"] = torch.zeros_like(parameter)
        velocity: Tensor = state["velocity"]
        return velocity


def _adapted(weights: list[Tensor], gradients: list[Tensor], decay: float, trust: float) -> list[Tensor]:
    """r (g + b w) of each weight."""
    lengths, steepness = (torch.stack(torch._foreach_norm(tensors)) for tensors in (weights, gradients))
    ratios = trust * lengths / (steepness + decay * lengths + _EPSILON)
    ratios = torch.where(lengths > 0, ratios, 1.0) * (steepness > 0)
    changes = torch._foreach_add(gradients, weights, alpha=decay)
    torch._foreach_mul_(changes, ratios.unbind())
    return list(changes)
