"""Contenders in another process: it has its own environment, measures them, and ends."""

import multiprocessing
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from reports.interleaved import in_turn
from reports.other_process import elsewhere

VARIABLE = "WRAPMAC_TEST_OF_ELSEWHERE"


def make_sleepers(seconds: float) -> dict[str, Callable[[], Any]]:
    """A contender whose name tells what its process knows."""
    return {f"{os.getpid()} {os.environ.get(VARIABLE)}": partial(time.sleep, seconds)}


def make_quitters() -> dict[str, Callable[[], Any]]:
    """A contender that ends its process."""
    return {"quitter": partial(os._exit, 3)}


@pytest.mark.slow
def test_contenders_are_measured_in_a_process_with_its_own_settings() -> None:
    with elsewhere(partial(make_sleepers, 0.02), {VARIABLE: "there"}) as found:
        assert VARIABLE not in os.environ
        (name,) = found
        process, value = name.split()
        assert int(process) != os.getpid()
        assert value == "there"
        times = in_turn(found, 2).times[name]
        assert len(times) == 2
        assert min(times) >= 20  # milliseconds
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_process_that_ends_is_an_error() -> None:
    with (
        elsewhere(make_quitters, {}) as found,
        pytest.raises(ChildProcessError, match="the process with contenders of other settings has ended"),
    ):
        in_turn(found, 1)
