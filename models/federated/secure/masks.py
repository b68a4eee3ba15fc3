"""Masks: pseudorandom 32-bit integers that are added modulo 2^32."""

from collections.abc import Mapping
from typing import Literal

import torch
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from torch import Tensor

Sign = Literal[1, -1]

_BYTES = 4  # of an integer


def add_mask(numbers: Mapping[str, Tensor], seed: bytes, sign: Sign) -> None:
    """Adds or subtracts, in place, the mask that a seed expands to with AES in counter mode.

    numbers: int32, by name; the mask depends on names and shapes, not on their order.
    """
    stream = Cipher(algorithms.AES(seed), modes.CTR(bytes(16))).encryptor()
    for name in sorted(numbers):
        one = numbers[name]
        drawn = bytearray(stream.update(bytes(_BYTES * one.numel())))
        one.add_(torch.frombuffer(drawn, dtype=torch.int32).view(one.shape).to(one.device), alpha=sign)
