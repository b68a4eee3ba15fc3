"""One number a channel, shaped to meet tensors of several axes."""

from torch import Tensor


def per_channel(numbers: Tensor, values: Tensor) -> Tensor:
    """Numbers (channels,) shaped to meet values (batch, channels, ...)."""
    return numbers.view(-1, *[1] * (values.dim() - 2))


def per_filter(numbers: Tensor, weight: Tensor) -> Tensor:
    """Numbers (out,) shaped to meet a weight (out, ...)."""
    return numbers.view(-1, *[1] * (weight.dim() - 1))
