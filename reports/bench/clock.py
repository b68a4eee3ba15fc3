"""The processor's clock, measured where the C kernels were compiled."""

import time

from models.kernels.paths import native

_ROUNDS = 100_000
_TRIES = 3


def clock_ghz() -> float | None:
    """The clock in GHz; None where the C kernels were not compiled.

    Times dependent operations, one per cycle. Interruptions only lengthen them, so the fastest of several tries counts.
    """
    return None if native is None else max(_timed_clock() for _ in range(_TRIES))


def _timed_clock() -> float:
    start = time.perf_counter()
    native.lib.wrap_count(_ROUNDS)
    return _ROUNDS / (time.perf_counter() - start) / 1e9
