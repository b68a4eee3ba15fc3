"""The scheduler: parents first and once, families in turn, finished records read again, errors passed on."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from models.progress import Progress
from reports.records.experiments import Experiment, run_experiments


def log(experiment: Experiment, folder: Path, *, journal: Path, fails: str = "") -> dict[str, Any]:
    """Notes start and end in a journal that all processes append to; raises for the experiment that fails."""
    _write(journal, "start", experiment.key)
    for parent in experiment.parents:
        assert (folder.parent / parent.key / "record.json").exists()
    if experiment.key == fails:
        raise RuntimeError(f"{fails} failed")
    time.sleep(0.02)
    _write(journal, "end", experiment.key)
    return {"value": experiment.settings["value"], "parents": [parent.key for parent in experiment.parents]}


def _write(journal: Path, event: str, key: str) -> None:
    with journal.open("a") as file:
        file.write(json.dumps([event, key, os.getpid()]) + "\n")


def events(journal: Path) -> list[tuple[str, str, int]]:
    return [tuple(json.loads(line)) for line in journal.read_text().splitlines()] if journal.exists() else []


def run(experiments: list[Experiment], folder: Path, fails: str = "", **more: Any) -> dict[str, dict[str, Any]]:
    with Progress(quiet=True) as progress:
        measure = partial(log, journal=folder / "journal", fails=fails)
        return run_experiments(experiments, measure, folder, progress, **more)


def tree() -> list[Experiment]:
    """Two leaves of one family and one of another, from two networks that share a root."""
    root = Experiment("root", {"value": 0})
    left, right = (Experiment(key, {"value": 1}, (root,)) for key in ("left", "right"))
    return [
        Experiment("a", {"value": 2}, (left,), "twins"),
        Experiment("b", {"value": 3}, (left,), "twins"),
        Experiment("c", {"value": 4}, (right, left)),
    ]


def stay(experiment: Experiment, folder: Path, *, journal: Path) -> dict[str, Any]:
    """Notes its process and works for longer than any test waits."""
    _write(journal, "start", experiment.key)
    time.sleep(600)
    return {}


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_the_workers_of_a_killed_run_end_with_it(sent: signal.Signals, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    code = (
        "from functools import partial\nfrom pathlib import Path\nfrom models.progress import Progress\n"
        "from reports.records.experiments import Experiment, run_experiments\n"
        "from tests.reports.records.test_experiments import stay\n"
        "if __name__ == '__main__':\n"
        f"    measure, out = partial(stay, journal=Path({str(journal)!r})), Path({str(tmp_path)!r})\n"
        "    run_experiments([Experiment('a', {})], measure, out, Progress(quiet=True))\n"
    )
    script = tmp_path / "run.py"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, str(script)], env=environment) as run:
        deadline = time.monotonic() + 60
        while not events(journal):
            assert run.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        run.send_signal(sent)
    ((_, _, worker),) = events(journal)
    while Path(f"/proc/{worker}").exists() and "Z" not in Path(f"/proc/{worker}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def _without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.slow
def test_parents_run_once_and_before_their_children(tmp_path: Path) -> None:
    records = run(tree(), tmp_path)
    assert {key: record["value"] for key, record in records.items()} == {
        "root": 0,
        "left": 1,
        "right": 1,
        "a": 2,
        "b": 3,
        "c": 4,
    }
    seen = events(tmp_path / "journal")
    assert sorted(key for event, key, _ in seen if event == "start") == sorted(records)
    places = {(event, key): place for place, (event, key, _) in enumerate(seen)}
    for child, parents in (("left", ["root"]), ("a", ["left"]), ("b", ["left"]), ("c", ["left", "right"])):
        assert all(places["end", parent] < places["start", child] for parent in parents)
    # One process runs a family, so its members cannot overlap; none of it is this one.
    processes = {key: process for event, key, process in seen if event == "start"}
    assert processes["a"] == processes["b"]
    assert os.getpid() not in processes.values()
    assert places["end", "a"] < places["start", "b"]


@pytest.mark.slow
def test_what_finished_before_an_error_is_not_run_again(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="right failed"):
        run(tree(), tmp_path, fails="right")
    finished = {key for event, key, _ in events(tmp_path / "journal") if event == "end"}
    assert "root" in finished
    assert not finished & {"right", "c"}
    (tmp_path / "journal").unlink()

    records = run(tree(), tmp_path)
    assert set(records) == {"root", "left", "right", "a", "b", "c"}
    assert {key for _, key, _ in events(tmp_path / "journal")} == set(records) - finished
    (tmp_path / "journal").unlink()
    assert run(tree(), tmp_path) == records
    assert events(tmp_path / "journal") == []


@pytest.mark.slow
def test_records_depend_on_settings_and_on_what_all_have_in_common(tmp_path: Path) -> None:
    def starts() -> int:
        return sum(event == "start" for event, _, _ in events(tmp_path / "journal"))

    run([Experiment("one", {"value": 0})], tmp_path, inputs={"data": "digits"}, code=("reports/records",))
    run([Experiment("one", {"value": 0})], tmp_path, inputs={"data": "digits"}, code=("reports/records",))
    assert starts() == 1
    run([Experiment("one", {"value": 1})], tmp_path, inputs={"data": "digits"}, code=("reports/records",))
    assert starts() == 2
    run([Experiment("one", {"value": 1})], tmp_path, inputs={"data": "faces"}, code=("reports/records",))
    assert starts() == 3
    run([Experiment("one", {"value": 1})], tmp_path, inputs={"data": "faces"}, code=("reports/tables",))
    assert starts() == 4
