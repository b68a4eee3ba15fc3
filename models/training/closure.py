"""What an optimizer's step returns."""

from collections.abc import Callable
from typing import Any

import torch


def loss_of(closure: Callable[[], Any] | None) -> Any:
    """What a closure returns, which computes gradients anew also within a step; None without one."""
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()
