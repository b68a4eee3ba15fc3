"""Which test images were classified right, as text for records."""

import numpy as np
import torch
from torch import Tensor


def packed(right: Tensor) -> str:
    """Booleans (images,) as hexadecimal digits."""
    return np.packbits(right.numpy(force=True)).tobytes().hex()


def unpacked(text: str, count: int) -> Tensor:
    """The inverse of `packed`, as 0 and 1: (count,), float64."""
    bits = np.frombuffer(bytes.fromhex(text), dtype=np.uint8)
    return torch.from_numpy(np.unpackbits(bits, count=count).astype(np.float64))
