"""Optimizers of inner loops, as functions of parameters and gradients, of one task or of several."""

from collections.abc import Callable, Collection
from typing import Literal

import torch

from models.fewshot.inner.functional import Parameters

InnerOptimizerName = Literal["sgd", "adam"]

InnerOptimizer = Callable[[Parameters, Parameters], Parameters]
"""Parameters and their gradients to the parameters after a step."""

_BETA2 = 0.999
_EPSILON = 1e-8


class GradientDescent:
    """Gradient descent. fixed: names of parameters that stay."""

    def __init__(self, learning_rate: float, fixed: Collection[str] = ()) -> None:
        self.learning_rate = learning_rate
        self.fixed = frozenset(fixed)

    def __call__(self, parameters: Parameters, gradients: Parameters) -> Parameters:
        """The parameters after a step."""
        return {
            name: tensor if name in self.fixed else tensor - self.learning_rate * gradients[name]
            for name, tensor in parameters.items()
        }


class AdamWithoutMomentum:
    """Adam (Kingma and Ba, 2015) with beta1 = 0, beta2 = 0.999 and epsilon = 1e-8: Reptile's inner optimizer.

    Its second moments start at 0, and steps are counted from there. fixed: names of parameters that stay, such as
    biases before batch norm. Their gradients are rounding noise, of which Adam makes steps of full size.
    """

    def __init__(self, learning_rate: float, fixed: Collection[str] = ()) -> None:
        self.learning_rate = learning_rate
        self.fixed = frozenset(fixed)
        self.moments: Parameters = {}
        self.steps = 0

    def __call__(self, parameters: Parameters, gradients: Parameters) -> Parameters:
        """The parameters after a step."""
        self.steps += 1
        correction = (1 - _BETA2**self.steps) ** 0.5
        result = dict(parameters)
        for name in parameters.keys() - self.fixed:
            gradient = gradients[name]
            share = gradient.square().mul_(1 - _BETA2)
            self.moments[name] = self.moments[name].mul_(_BETA2).add_(share) if name in self.moments else share
            divisor = torch.sqrt(self.moments[name]).add_(_EPSILON * correction)
            result[name] = parameters[name] - (gradient / divisor).mul_(self.learning_rate * correction)
        return result


def inner_optimizer(name: InnerOptimizerName, learning_rate: float, fixed: Collection[str] = ()) -> InnerOptimizer:
    """The optimizer `name` at its start. Raises ValueError for another name."""
    optimizers: dict[str, Callable[[float, Collection[str]], InnerOptimizer]]
    optimizers = {"sgd": GradientDescent, "adam": AdamWithoutMomentum}
    if name not in optimizers:
        raise ValueError(f"inner optimizer is {name!r}; allowed are {', '.join(optimizers)}")
    return optimizers[name](learning_rate, fixed)
