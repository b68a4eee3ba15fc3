"""Seeds of everything random."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_LARGEST = (1 << 32) - 1


def check_seed(seed: int) -> None:
    """Raises ValueError for a seed that some random number generator would not take."""
    if not 0 <= seed <= _LARGEST:
        raise ValueError(f"seed is {seed}; allowed are the integers 0 to {_LARGEST}")


def seed_torch(key: str) -> None:
    """Makes the random numbers that torch draws from here on, on every device, a function of `key`."""
    torch.manual_seed(zlib.crc32(key.encode()))


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Leaves torch's random number generators as they were found."""
    with torch.random.fork_rng():
        yield
