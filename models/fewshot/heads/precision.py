"""Heads compute in the dtype of their features, also within a region of mixed precision."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import torch
from torch import Tensor

Options = ParamSpec("Options")


def in_given_precision(head: Callable[Options, Tensor]) -> Callable[Options, Tensor]:
    """The head with autocast switched off: kernels of products in half precision have no Cholesky factor."""

    @wraps(head)
    def wrapped(*args: Options.args, **kwargs: Options.kwargs) -> Tensor:
        with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
            return head(*args, **kwargs)

    return wrapped
