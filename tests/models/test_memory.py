"""Memory that is there, and errors that say it is not."""

import numpy as np
import pytest
import torch

from models.memory import is_lack_of_memory, memory_bytes


def test_this_process_has_memory() -> None:
    assert 1 << 28 < memory_bytes() < 1 << 50


@pytest.mark.parametrize(
    "allocate",
    [
        lambda: torch.empty(1 << 60, dtype=torch.uint8),
        lambda: torch.empty(1 << 62),
        lambda: torch.empty(1 << 40, 1 << 40),
        lambda: np.empty(1 << 60, dtype=np.uint8),
        lambda: bytes(1 << 62),
    ],
)
def test_allocations_that_fail_are_recognised(allocate) -> None:
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        allocate()
    assert is_lack_of_memory(caught.value)


@pytest.mark.parametrize("error", [RuntimeError("shapes do not match"), ValueError("not enough memory")])
def test_other_errors_are_not(error: Exception) -> None:
    assert not is_lack_of_memory(error)
