"""Features as the losses take them: of full precision, and of length 1."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

_HALVES = (torch.bfloat16, torch.float16)


def unit(features: Tensor) -> Tensor:
    """Features (..., d) scaled to length 1, in float32 if they come in half precision; zeros stay zeros."""
    return normalize(full_precision(features), dim=-1)


def full_precision(values: Tensor) -> Tensor:
    """Values in half precision as float32, others as they are."""
    return values.float() if values.dtype in _HALVES else values


def exact_products(values: Tensor) -> torch.autocast:
    """A context without autocast on the values' device, which would take products of them in half precision."""
    return torch.autocast(values.device.type, enabled=False)
