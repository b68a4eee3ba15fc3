"""Core ML's convolutions, poolings, norms and products, in torch."""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.attention.deployment.coreml.arguments import Arguments

_CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def convolution(given: Arguments) -> Tensor:
    """`conv` of one to three axes."""
    maps, weight = given.tensor("x"), given.tensor("weight")
    axes = weight.ndim - 2
    strides, dilations = (given.integers(name, [1] * axes) for name in ("strides", "dilations"))
    padded = F.pad(maps, _padding(given, maps, list(weight.shape[2:]), strides, dilations))
    bias = given.optional("bias")
    groups = given.integer("groups", 1)
    return _CONVOLUTIONS[axes](padded, weight, bias, strides, 0, dilations, groups)


def _padding(given: Arguments, maps: Tensor, kernel: list[int], strides: list[int], dilations: list[int]) -> list[int]:
    """In torch's order: the last axis first."""
    kind = given.text("pad_type", "valid")
    if kind == "valid":
        return [0] * (2 * len(kernel))
    if kind == "custom":
        pads = given.integers("pad")
        return [pad for axis in reversed(range(len(kernel))) for pad in pads[2 * axis : 2 * axis + 2]]
    found: list[int] = []
    for axis in reversed(range(len(kernel))):
        pixels, reach = maps.shape[2 + axis], (kernel[axis] - 1) * dilations[axis] + 1
        missing = max(0, (-(-pixels // strides[axis]) - 1) * strides[axis] + reach - pixels)
        less, more = missing // 2, missing - missing // 2
        found += [more, less] if kind == "same_lower" else [less, more]
    return found


def average_pool(given: Arguments) -> Tensor:
    """`avg_pool`; what lies beyond a padded map never counts with exclude_padding_from_average."""
    maps, kernel = given.tensor("x"), given.integers("kernel_sizes")
    strides = given.integers("strides", [1] * len(kernel))
    padding = _padding(given, maps, kernel, strides, [1] * len(kernel))
    if given.flag("ceil_mode"):
        padding = _filled_up(maps, kernel, strides, padding)
    ones = torch.ones_like(maps[:1, :1])
    sums, counts = (_window_means(F.pad(one, padding), kernel, strides) for one in (maps, ones))
    return sums / counts if given.flag("exclude_padding_from_average") else sums


def _filled_up(maps: Tensor, kernel: list[int], strides: list[int], padding: list[int]) -> list[int]:
    """More padding at the ends, for windows that reach beyond them."""
    more = list(padding)
    for place, axis in enumerate(reversed(range(len(kernel)))):
        pixels = maps.shape[2 + axis] + padding[2 * place] + padding[2 * place + 1]
        more[2 * place + 1] += -(pixels - kernel[axis]) % strides[axis]
    return more


def _window_means(maps: Tensor, kernel: list[int], strides: list[int]) -> Tensor:
    for axis, (size, stride) in enumerate(zip(kernel, strides, strict=True)):
        maps = maps.unfold(2 + axis, size, stride)
    return maps.mean(tuple(range(-len(kernel), 0)))


def batch_norm(given: Arguments) -> Tensor:
    """`batch_norm` with kept statistics."""
    statistics = given.tensor("mean"), given.tensor("variance")
    return F.batch_norm(
        given.tensor("x"),
        *statistics,
        given.optional("gamma"),
        given.optional("beta"),
        eps=given.number("epsilon", 1e-5),
    )


def layer_norm(given: Arguments) -> Tensor:
    """`layer_norm` over any axes."""
    values, axes = given.tensor("x"), given.integers("axes")
    centred = values - values.mean(axes, keepdim=True)
    normed = centred / (centred.square().mean(axes, keepdim=True) + given.number("epsilon", 1e-5)).sqrt()
    shape = [size if axis in {one % values.ndim for one in axes} else 1 for axis, size in enumerate(values.shape)]
    gamma, beta = given.optional("gamma"), given.optional("beta")
    scaled = normed if gamma is None else normed * gamma.reshape(shape)
    return scaled if beta is None else scaled + beta.reshape(shape)


def linear(given: Arguments) -> Tensor:
    """`linear`."""
    return F.linear(given.tensor("x"), given.tensor("weight"), given.optional("bias"))


def matrix_product(given: Arguments) -> Tensor:
    """`matmul`, whose operands may be transposed."""
    left, right = given.tensor("x"), given.tensor("y")
    left = left.transpose(-2, -1) if given.flag("transpose_x") else left
    return torch.matmul(left, right.transpose(-2, -1) if given.flag("transpose_y") else right)


def attention(given: Arguments) -> Tensor:
    """`scaled_dot_product_attention` of iOS 18."""
    query, key, value = (given.tensor(name) for name in ("query", "key", "value"))
    scores = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5
    mask = given.optional("attn_mask")
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
    return torch.matmul(scores.softmax(-1), value)


def gelu(given: Arguments) -> Tensor:
    """`gelu` in its three forms."""
    mode = given.text("mode", "EXACT")
    if mode == "SIGMOID_APPROXIMATION":
        return given.tensor("x") * (1.702 * given.tensor("x")).sigmoid()
    return F.gelu(given.tensor("x"), approximate="none" if mode == "EXACT" else "tanh")
