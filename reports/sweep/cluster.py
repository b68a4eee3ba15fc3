"""Where a sweep's jobs run: threads of this machine, or the workers of a Dask cluster."""

import logging
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from hw.tools import ToolError

_PATIENCE = 10  # seconds for a scheduler to answer


class ClusterError(ToolError):
    """A cluster was lost, or one of its machines is not set up like the one that asks."""


@contextmanager
def open_executor(scheduler: str | None, workers: int) -> Iterator[Executor]:
    """An executor of `workers` threads, or of the cluster whose Dask scheduler is at an address (`tcp://HOST:8786`).

    Threads are enough here: the work is done by other programs. Raises ValueError if there are fewer than one worker,
    the extra `cluster` is not installed, or no scheduler answers.
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
    for part in ("client", "utils"):  # what goes wrong is raised; no traceback besides
        logging.getLogger(f"distributed.{part}").setLevel(logging.CRITICAL)
    try:
        client = Client(scheduler, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {scheduler!r}") from error
    with client:
        # Not pure: a repeat of a job that failed is to run, not to be told what happened before.
        yield client.get_executor(pure=False)
