"""Yogi, as servers of federated training use it (Zaheer et al., 2018; Reddi et al., 2021)."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from models.training.closure import loss_of


class Yogi(Optimizer):
    """Adam whose second moments change by at most a share of the squared gradient, up or down.

    With gradient g, m becomes b1 m + (1 - b1) g, v becomes v - (1 - b2) sign(v - g^2) g^2, and a weight falls by the
    learning rate times m / (sqrt(v) + epsilon). m starts at 0 and v at epsilon^2, without correction of their bias.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        epsilon: float = 1e-3,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "epsilon": epsilon})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Takes a step; returns what `closure`, which computes the gradients anew, returns."""
        loss = loss_of(closure)
        for group in self.param_groups:
            for one in group["params"]:
                if one.grad is not None:
                    self._move(one, one.grad, group)
        return loss

    def _move(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        first, second = group["betas"]
        state = self.state[parameter]
        if not state:
            state["mean"] = torch.zeros_like(parameter)
            state["square"] = torch.full_like(parameter, group["epsilon"] ** 2)
        mean, square, squared = state["mean"], state["square"], gradient.square()
        mean.lerp_(gradient, 1 - first)
        square.addcmul_(torch.sign(square - squared), squared, value=second - 1)
        parameter.addcdiv_(mean, square.sqrt().add_(group["epsilon"]), value=-group["lr"])
