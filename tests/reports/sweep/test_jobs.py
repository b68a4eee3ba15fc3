"""Jobs run once, go on after failures, and are told apart by their keys."""

from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from models.progress import Progress
from reports.sweep.cluster import ClusterError
from reports.sweep.jobs import CachedJob, run_jobs

calls: list[int] = []


def square(number: int) -> dict[str, Any]:
    calls.append(number)
    if number < 0:
        raise ValueError("less than nothing\nand more")
    return {"square": number * number}


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    calls.clear()
    with ThreadPoolExecutor(2) as pool:
        yield pool


def run(numbers: list[int], folder: Path, executor: ThreadPoolExecutor, key: str = "") -> list[dict[str, Any]]:
    jobs = [
        CachedJob(f"{number}", folder / f"{number}.json", f"{number}{key}", square, (number,)) for number in numbers
    ]
    with Progress(quiet=True) as progress:
        return run_jobs("squares", jobs, executor, progress)


def test_records_come_in_the_order_of_the_jobs_and_are_kept(tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    assert [one["square"] for one in run([3, 1, 2], tmp_path, executor)] == [9, 1, 4]
    assert [one["square"] for one in run([2, 5, 3], tmp_path, executor)] == [4, 25, 9]
    assert sorted(calls) == [1, 2, 3, 5]


def test_another_key_runs_the_job_again(tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    run([3], tmp_path, executor)
    run([3], tmp_path, executor, key="other tools")
    assert calls == [3, 3]


def test_a_job_that_fails_is_reported_and_tried_again(tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    for _ in range(2):
        records = run([1, -1, 2], tmp_path, executor)
        assert records == [{"square": 1}, {"error": "ValueError: less than nothing"}, {"square": 4}]
    assert sorted(calls) == [-1, -1, 1, 2]


@pytest.mark.parametrize("lost", [CancelledError(), ClusterError("other tools")])
def test_a_lost_cluster_ends_the_run(lost: Exception, tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    def fail() -> dict[str, Any]:
        raise lost

    with Progress(quiet=True) as progress, pytest.raises(ClusterError):
        run_jobs("lost", [CachedJob("one", tmp_path / "one.json", "key", fail, ())], executor, progress)
