"""Runs jobs on an executor, except those with a kept record; a failing job does not stop the others."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.progress import Progress, Task
from reports.records.kept import keep_record, read_record
from reports.sweep.cluster import ClusterError


@dataclass(frozen=True, eq=False)
class CachedJob:
    """A function call whose record is kept. name: shown to users.

    path: file that keeps the record. key: changes with everything that the record depends on. function, arguments:
    can be pickled, to run on another machine; the function returns plain JSON values.
    """

    name: str
    path: Path
    key: str
    function: Callable[..., dict[str, Any]]
    arguments: tuple[Any, ...]


def run_jobs(title: str, jobs: Sequence[CachedJob], executor: Executor, progress: Progress) -> list[dict[str, Any]]:
    """Returns the record of each job, kept or new, and `{"error": reason}` for a job that failed.

    Each record is kept as soon as its job is done, so that a killed run can resume; errors are not kept.
    Raises ClusterError if the cluster is lost or a worker differs from this machine.
    """
    found = {job: read_record(job.path, job.key) for job in jobs}
    records = {job: record for job, record in found.items() if record is not None}
    task = progress.task(title, len(jobs))
    task.advance(len(records), note=f"{len(records)} from cache")
    futures = {executor.submit(job.function, *job.arguments): job for job in jobs if job not in records}
    shown = _Shown(task, futures, len(records))
    waiting = set(futures)
    try:
        while waiting:
            done, waiting = wait(waiting, timeout=1, return_when=FIRST_COMPLETED)
            for future in done:
                job = futures[future]
                records[job] = _record(future)
                if "error" not in records[job]:
                    keep_record(job.path, job.key, records[job])
            shown.update(len(done), waiting)
    finally:
        for future in waiting:
            future.cancel()
    return [records[job] for job in jobs]


def _record(future: Future[dict[str, Any]]) -> dict[str, Any]:
    """Returns a job's record or its error. Raises ClusterError, which concerns all jobs."""
    try:
        return future.result()
    except ClusterError:
        raise
    except CancelledError as error:
        raise ClusterError("the scheduler was lost; run the same command again to go on") from error
    except Exception as error:
        lines = str(error).splitlines() or [""]
        return {"error": f"{type(error).__name__}: {lines[0]}"}


class _Shown:
    """Notes beside the progress bar: running jobs, number of records from the cache, time left."""

    def __init__(self, task: Task, futures: dict[Future[dict[str, Any]], CachedJob], cached: int) -> None:
        self._task = task
        self._futures = futures
        self._cached = cached
        self._started = time.monotonic()

    def update(self, done: int, waiting: set[Future[dict[str, Any]]]) -> None:
        computed = len(self._futures) - len(waiting)
        running = [self._futures[future].name for future in waiting if future.running()]
        notes = [", ".join(sorted(running)), f"{self._cached} from cache"]
        if waiting and computed:
            left = (time.monotonic() - self._started) / computed * len(waiting)
            notes.append(f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left")
        self._task.advance(done, note="; ".join(filter(None, notes)))
