"""The affine function of each channel that float operations between an accumulator and a quantizer make up."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

import torch
from torch import Tensor

from models.integer_network.float_operations import FloatBatchNorm, FloatOperation, FloatScale


@dataclass(frozen=True, eq=False, kw_only=True)
class ChannelAffine:
    """scale * x + offset; both (channels,), float32."""

    scale: Tensor
    offset: Tensor


def fold_affine(operations: Iterable[FloatOperation], channels: int) -> ChannelAffine:
    """The affine function of the scales and batch norms that `operations` begin with."""
    scale, offset = torch.ones(channels), torch.zeros(channels)
    for operation in takewhile(lambda one: isinstance(one, FloatScale | FloatBatchNorm), operations):
        match operation:
            case FloatScale(factors=factors):
                scale, offset = scale * torch.from_numpy(factors), offset * torch.from_numpy(factors)
            case FloatBatchNorm():
                gain = torch.from_numpy(operation.gain) / torch.sqrt(
                    torch.from_numpy(operation.variance) + operation.epsilon
                )
                scale = scale * gain
                offset = torch.from_numpy(operation.offset) + (offset - torch.from_numpy(operation.mean)) * gain
    return ChannelAffine(scale=scale, offset=offset)
