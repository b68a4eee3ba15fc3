"""Seeds of everything random."""

_LARGEST = (1 << 32) - 1


def check_seed(seed: int) -> None:
    """Raises ValueError for a seed that some random number generator would not take."""
    if not 0 <= seed <= _LARGEST:
        raise ValueError(f"seed is {seed}; allowed are the integers 0 to {_LARGEST}")
