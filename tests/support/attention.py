"""Local self-attention written plainly: global attention under a mask."""

import torch
from torch import Tensor

from models.attention.local import LocalSelfAttention

SIZES = ((14, 14), (16, 16), (23, 31), (5, 9), (1, 50), (3, 7))


def masked_global_attention(module: LocalSelfAttention, maps: Tensor) -> Tensor:
    """The output of the module, from all scores among all pixels of one image at a time."""
    return torch.stack([_of_one(module, image) for image in maps])


def _of_one(module: LocalSelfAttention, image: Tensor) -> Tensor:
    channels, height, width = image.shape
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    order = columns * height + rows if module.swap else rows * width + columns
    place = order.flatten()
    run, offset = place // module.length, place[None, :] - place[:, None]
    hidden = run[:, None] != run[None, :]
    pixels = image.flatten(1).T
    size = channels // module.heads
    query, key, value = (pixels @ module.qkv.weight.T + module.qkv.bias).split(channels, 1)
    results = []
    for head in range(module.heads):
        part = slice(head * size, (head + 1) * size)
        scores = query[:, part] @ key[:, part].T / size**0.5
        if module.position_bias is not None:
            scores = scores + module.position_bias.table[head][(offset + module.length - 1) * ~hidden]
        weights = torch.exp(scores - scores.max()) * ~hidden
        results.append(weights / weights.sum(1, keepdim=True) @ value[:, part])
    mixed = torch.cat(results, 1) @ module.proj.weight.T + module.proj.bias
    return mixed.T.reshape(image.shape)


def values_and_gradients(module: torch.nn.Module, output: Tensor, maps: Tensor) -> list[Tensor]:
    """The output, and the gradients of a fixed weighting of it for the maps and all parameters."""
    weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).reshape(output.shape)
    return [output, *torch.autograd.grad((output * weights).sum(), [maps, *module.parameters()])]


def local_attention(swap: bool, position_bias: bool = True, length: int = 49) -> LocalSelfAttention:
    """Three heads of 4 channels in float64, with a position bias large enough to matter."""
    torch.manual_seed(0)
    module = LocalSelfAttention(12, 4, length, swap, position_bias).double()
    if module.position_bias is not None:
        torch.nn.init.normal_(module.position_bias.table)
    return module


def random_maps(channels: int, size: tuple[int, int], batch: int = 2) -> Tensor:
    """Maps in float64 that require gradients."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, channels, *size, dtype=torch.float64, generator=generator).requires_grad_()
