"""Integers of four bits, two to a byte."""

import torch
from torch import Tensor

_OFFSET = 8  # makes -8 to 7 the half bytes 0 to 15
_HALF = 4  # bits


def packed(codes: Tensor) -> Tensor:
    """Integers from -8 to 7, of any shape, as bytes (half as many, rounded up).

    The first of a pair is in the low half. An odd number is filled up with a 0.
    """
    halves = (codes.flatten() + _OFFSET).to(torch.uint8)
    if len(halves) % 2:
        halves = torch.cat([halves, halves.new_full((1,), _OFFSET)])
    return halves[::2] | halves[1::2] << _HALF


def unpacked(packed_codes: Tensor, count: int) -> Tensor:
    """The first `count` integers of bytes that `packed` made, as int8 (count,)."""
    halves = torch.stack([packed_codes & (1 << _HALF) - 1, packed_codes >> _HALF], 1).flatten()[:count]
    return halves.to(torch.int8) - _OFFSET
