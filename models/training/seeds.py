"""Seeds of everything random."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_LARGEST = (1 << 32) - 1


def check_seed(seed: int) -> None:
    """Raises ValueError for a seed that some random number generator would reject."""
    if not 0 <= seed <= _LARGEST:
        raise ValueError(f"seed is {seed}; allowed are the integers 0 to {_LARGEST}")


def seed_torch(key: str) -> None:
    """Seeds torch's random number generators, on the CPU and on the accelerator if there is one, from `key`.

    Quicker than torch.manual_seed, which writes down where it was called, for devices that nobody uses yet.
    """
    seed = zlib.crc32(key.encode())
    torch.default_generator.manual_seed(seed)
    accelerator = torch.accelerator.current_accelerator()
    if accelerator is not None:
        torch.get_device_module(accelerator).manual_seed_all(seed)


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Restores the state of torch's random number generators on exit."""
    with torch.random.fork_rng():
        yield
