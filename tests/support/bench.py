"""Contenders for other processes, which import them from here."""

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

VARIABLE = "WRAPMAC_TEST_OF_ELSEWHERE"


def make_sleepers(seconds: float) -> dict[str, Callable[[], Any]]:
    """A contender whose name is the number of its process and the variable in its environment."""
    return {f"{os.getpid()} {os.environ.get(VARIABLE)}": partial(time.sleep, seconds)}


def make_quitters() -> dict[str, Callable[[], Any]]:
    """A contender that ends its process."""
    return {"quitter": partial(os._exit, 3)}


def make_slowly() -> dict[str, Callable[[], Any]]:
    """No contender, after a while."""
    time.sleep(60)
    return {}
