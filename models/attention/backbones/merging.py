"""Merges a branch of depthwise convolution with its residual: x + scale * depthwise(norm(x)) is one convolution.

The convolution pads norm(x) = a x + b with zeros, so that b cannot go into its bias at the border. But norm(x) is
a (x + b / a): the layer before the block adds b / a to x, and zeros around the sum are zeros around norm(x).
"""

import torch
from torch import Tensor, nn

from models.attention.backbones.absorbing import absorb_output, batch_norm_affine, shifts
from models.attention.backbones.blocks import Branch, MetaBlock

_LARGEST_SHIFT = 64
"""Beyond it, rounding of the shifted values would show."""


class Shift(nn.Module):
    """Adds a constant to each channel."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.register_buffer("values", values.view(-1, 1, 1))
        self.values: Tensor

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.values


def merge_depthwise(stage: nn.Sequential) -> None:
    """Merges the depthwise branches of a stage's blocks, where shifts are small enough.

    Their layer scales are in the convolutions already.
    """
    before: nn.Module | None = None
    for block in stage:
        if isinstance(block, MetaBlock) and isinstance(block.mixer, Branch):
            branch = block.mixer
            if isinstance(branch.body, nn.Conv2d) and isinstance(branch.norm, nn.BatchNorm2d):
                _merge(block, branch, branch.body, before)
        before = block


@torch.no_grad()
def _merge(block: MetaBlock, branch: Branch, convolution: nn.Conv2d, before: nn.Module | None) -> None:
    assert isinstance(branch.norm, nn.BatchNorm2d)
    norm = batch_norm_affine(branch.norm)
    shift = norm.shift / norm.factor
    if not (shift.abs() <= _LARGEST_SHIFT).all():  # false for NaN, too
        return
    weight = convolution.weight.double() * norm.factor.view(-1, 1, 1, 1)
    convolution.weight.copy_(weight)
    middle = convolution.kernel_size[0] // 2
    convolution.weight[:, 0, middle, middle] += 1
    absorb_output(convolution, shifts(-shift))
    last = _last_convolution(before)
    if last is not None:
        absorb_output(last, shifts(shift))
        block.mixer = convolution
    else:
        block.mixer = nn.Sequential(Shift(shift.to(convolution.weight.dtype)), convolution)


def _last_convolution(before: nn.Module | None) -> nn.Conv2d | None:
    """The convolution whose bias is added to all that the module gives, if there is one."""
    if isinstance(before, MetaBlock) and isinstance(before.mlp, Branch):
        before = before.mlp.body
    elif isinstance(before, nn.Sequential) and isinstance(before[-1], nn.Identity):
        before = before[0]
    if isinstance(before, nn.Sequential):
        before = before[-1]
    return before if isinstance(before, nn.Conv2d) else None
