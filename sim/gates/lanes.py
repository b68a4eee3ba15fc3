"""Integers as bit planes: bit b of 512 lanes lies in eight 64-bit words, one bit per lane."""

import numpy as np
import torch
from torch import Tensor

WORDS = 8
LANES = 64 * WORDS
"""Lanes of a block: the width in bits of the compiled gates' vectors."""


def pack(values: Tensor, bits: int) -> Tensor:
    """Packs the low `bits` bits of integers of shape (cycles, lanes) into planes (blocks, cycles, bits, WORDS).

    Lanes of the last block beyond the given ones hold 0.
    """
    cycles, lanes = values.shape
    blocks = -(-lanes // LANES)
    padded = np.zeros((cycles, blocks * LANES), np.int64)
    padded[:, :lanes] = values.numpy()
    by_block = padded.reshape(cycles, blocks, LANES).transpose(1, 0, 2)
    planes = [np.packbits(((by_block >> bit) & 1).astype(np.uint8), axis=-1, bitorder="little") for bit in range(bits)]
    return torch.from_numpy(np.stack(planes, axis=2).view(np.int64))


def unpack(planes: Tensor, lanes: int) -> Tensor:
    """Unpacks two's-complement planes (blocks, cycles, bits, WORDS) into signed integers of shape (cycles, lanes)."""
    blocks, cycles, bits, _ = planes.shape
    values = np.zeros((blocks, cycles, LANES), np.int64)
    for bit in range(bits):
        plane = np.ascontiguousarray(planes[:, :, bit].numpy()).view(np.uint8)
        weight = -(1 << bit) if bit == bits - 1 else 1 << bit
        values += np.unpackbits(plane, axis=-1, bitorder="little") * np.int64(weight)
    return torch.from_numpy(values.transpose(1, 0, 2).reshape(cycles, blocks * LANES)[:, :lanes].copy())


def counting(bits: int, first: int, blocks: int) -> Tensor:
    """Returns planes (blocks, bits, WORDS) that hold each lane's number; `first` is the number of the first block.

    With fewer than nine bits, a block counts through all values repeatedly.
    """
    within = (LANES - 1).bit_length()
    low = pack(torch.arange(LANES)[None], min(bits, within))[0, 0].expand(blocks, -1, -1)
    block = first + torch.arange(blocks)
    high = [-((block >> bit) & 1) for bit in range(bits - within)]
    planes = [low, *(plane[:, None, None].expand(-1, 1, WORDS) for plane in high)]
    return torch.cat(planes, dim=1)


def bits_of(values: Tensor, bits: int) -> Tensor:
    """Returns the low bits of integers of shape (cycles,), each as 0 or -1: (cycles, bits)."""
    return -((values[:, None] >> torch.arange(bits)) & 1)


def in_every_lane(bits: Tensor) -> Tensor:
    """Returns planes (cycles, bits, WORDS) with bits of shape (cycles, bits), each 0 or -1, in every lane."""
    return bits[:, :, None].expand(-1, -1, WORDS).contiguous()
