"""A method of its own trains through the toolkit: two models, a moving average, a stage in steps, two processes."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState

from tests.support.toy_method import BATCHES, STEPS, train

ROOT = Path(__file__).parents[3]
LAUNCHED = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]


@pytest.fixture(autouse=True)
def _fresh_state() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [*LAUNCHED, "-m", "tests.support.toy_method", str(folder), *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})


def finish(folder: Path) -> dict[str, Any]:
    assert start(folder).wait(240) == 0
    found: dict[str, Any] = torch.load(folder / "pairs.pt", weights_only=True)
    return found


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


@pytest.mark.slow
def test_two_processes_killed_within_an_epoch_end_with_the_same_numbers(tmp_path: Path) -> None:
    unbroken = finish(tmp_path / "unbroken")
    assert unbroken["position"] == {"epoch": 3, "batch": 0, "step": STEPS}

    within = BATCHES + 4  # the second epoch's fourth batch
    process = start(tmp_path / "killed", str(within))
    checkpoint = tmp_path / "killed" / "pairs.pt"
    deadline = time.monotonic() + 120
    while not (checkpoint.exists() and torch.load(checkpoint, weights_only=True)["position"]["step"] >= 12):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    subprocess.run(["pkill", "-KILL", "-f", str(tmp_path / "killed")], check=True)  # the launcher and both processes
    process.wait()
    assert torch.load(checkpoint, weights_only=True)["position"] == {"epoch": 1, "batch": 2, "step": 12}

    resumed = finish(tmp_path / "killed")
    assert equal(resumed["parts"], unbroken["parts"])
    logs = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("unbroken", "killed")]
    assert logs[0] == logs[1]


def test_one_process_trains_it_as_well(tmp_path: Path) -> None:
    trained = train(tmp_path)
    again = train(tmp_path)  # from the checkpoint
    for name, model in trained.models.items():
        assert equal(dict(model.state_dict()), dict(again.models[name].state_dict()))
    average, encoder = (next(trained.models[name].parameters()) for name in ("average", "encoder"))
    assert not torch.equal(average, encoder)
    assert (average - encoder).abs().max() < 0.5
