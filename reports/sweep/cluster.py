"""Executors for a sweep's jobs: threads of this machine, or workers of a Dask cluster."""

import logging
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from hw.tools import ToolError

_PATIENCE = 10  # seconds to wait for a scheduler


class ClusterError(ToolError):
    """The connection to a cluster was lost, or a worker's tools, cells or code differ from this machine's."""


@contextmanager
def open_executor(scheduler: str | None, workers: int) -> Iterator[Executor]:
    """Opens an executor of `workers` threads, or of the cluster with the given Dask scheduler (`tcp://HOST:8786`).

    Threads suffice because external programs do the work. Raises ValueError if `workers` is below 1, the extra
    `cluster` is not installed, or no scheduler answers.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}; allowed is an integer of at least 1")
    if scheduler is None:
        with ThreadPoolExecutor(workers) as threads:
            yield threads
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ValueError("--scheduler needs Dask; install it with: pip install 'wrapmac[cluster]'") from error
    for part in ("client", "utils"):  # failures are raised; they need no logged traceback as well
        logging.getLogger(f"distributed.{part}").setLevel(logging.CRITICAL)
    try:
        client = Client(scheduler, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {scheduler!r}") from error
    with client:
        # Not pure: a failed job that is submitted again must run, not return the earlier failure.
        yield client.get_executor(pure=False)
