"""Torch modules as float operations."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.integer_network.float_operations import (
    FloatAveragePool,
    FloatBatchNorm,
    FloatConvolution,
    FloatFlatten,
    FloatLinear,
    FloatMaxPool,
    FloatOperation,
    FloatRelu,
)


def float_operation(module: nn.Module) -> FloatOperation:
    """The operation of a module in evaluation mode. Raises ValueError for a module that has none."""
    match module:
        case nn.ReLU():
            return FloatRelu()
        case nn.Flatten(start_dim=1, end_dim=-1):
            return FloatFlatten()
        case nn.MaxPool2d():
            return FloatMaxPool(**pool_sizes(module))
        case nn.AdaptiveAvgPool2d(output_size=1 | (1, 1)):
            return FloatAveragePool()
        case nn.Linear():
            return FloatLinear(weights=to_array(module.weight), bias=_optional(module.bias))
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            return batch_norm(module)
        case nn.Conv2d(groups=1, padding_mode="zeros"):
            return _convolution(module)
    raise ValueError(f"{module} is not supported")


def batch_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> FloatBatchNorm:
    """A batch norm on its running statistics. Raises ValueError if it keeps none."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("batch norm without running statistics is not supported")
    return FloatBatchNorm(
        mean=to_array(norm.running_mean),
        variance=to_array(norm.running_var),
        gain=to_array(norm.weight if norm.affine else torch.ones_like(norm.running_mean)),
        offset=to_array(norm.bias if norm.affine else torch.zeros_like(norm.running_mean)),
        epsilon=norm.eps,
    )


def pool_sizes(pool: nn.MaxPool2d) -> dict[str, int]:
    """Kernel, stride and padding of a max pool. Raises ValueError if they differ by direction, or for other modes."""
    if pool.ceil_mode or pool.return_indices:
        raise ValueError("a max pool with ceil_mode or return_indices is not supported")
    _check_dilation(pool.dilation)
    return {
        "kernel": one_size("kernel", pool.kernel_size),
        "stride": one_size("stride", pool.stride),
        "padding": one_size("padding", pool.padding),
    }


def one_size(name: str, size: object) -> int:
    """A size that is the same in both directions. Raises ValueError, naming it, for others."""
    sizes = set(size) if isinstance(size, tuple) else {size}
    if len(sizes) != 1 or not isinstance(only := sizes.pop(), int):
        raise ValueError(f"{name} is {size!r}; supported is one integer for both directions")
    return only


def to_array(tensor: Tensor) -> NDArray[Any]:
    """A float32 copy of a tensor."""
    return tensor.detach().float().numpy(force=True).copy()


def _convolution(module: nn.Conv2d) -> FloatConvolution:
    _check_dilation(module.dilation)
    return FloatConvolution(
        weights=to_array(module.weight),
        bias=_optional(module.bias),
        stride=one_size("stride", module.stride),
        padding=one_size("padding", module.padding),
    )


def _check_dilation(dilation: object) -> None:
    if dilation not in (1, (1, 1)):
        raise ValueError(f"dilation is {dilation!r}; supported is 1")


def _optional(tensor: Tensor | None) -> NDArray[Any] | None:
    return None if tensor is None else to_array(tensor)
