"""Runs over several processes, with mixed precision, compiled, and with TensorBoard."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState

from models.progress import Progress
from models.training.execution import Execution
from models.wrapnet.run import load_run, run_wrapnet
from models.wrapnet.settings import WrapNetConfig
from tests.support.images import few_digits


@pytest.fixture(autouse=True)
def _fresh_state() -> Iterator[None]:
    """Accelerate takes the precision once a process; tests share theirs."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


TINY = WrapNetConfig(width=2, epochs=1, baselines=False)

LAUNCHED = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "wrapmac"]


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path: Path) -> None:
    settings = ["--width", "8", "--epochs", "6", "--no-baselines", "--packing", "hybrid", "--out", "run"]
    command = [*LAUNCHED, "train", "wrapnet", *settings]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400)
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert finished.stdout.count("wrapnet") == 1  # one process prints
    record = json.loads((tmp_path / "run" / "result.json").read_text())
    assert record["accuracies"]["wrapnet"]["accuracy"] > 0.3
    stages = [json.loads(line)["stage"] for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert stages[:24] == [stage for stage in ("float", "pretrain", "warmup", "finetune") for _ in range(6)]
    assert stages[24:30] == ["carries-1"] * 6
    assert json.loads((tmp_path / "run" / "config.json").read_text())["processes"] == 2
    load_run(tmp_path / "run")


def test_mixed_precision_trains_and_leaves_exact_sums(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress:
        record = run_wrapnet(TINY, few_digits(), tmp_path, progress, Execution(mixed_precision="bf16"))
        assert record["accuracies"]["wrapnet"]["accuracy"] > 0
        with pytest.raises(ValueError, match=r"mixed_precision bf16 \(now no\)"):
            run_wrapnet(TINY, few_digits(), tmp_path, progress, resume=True)


def test_tensorboard_gets_the_losses_of_every_stage(tmp_path: Path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with Progress(quiet=True) as progress:
        run_wrapnet(TINY, few_digits(), tmp_path, progress, Execution(tensorboard=True))
    found = set()
    for file in tmp_path.rglob("events.out.tfevents.*"):
        log = events.EventAccumulator(str(file.parent))
        log.Reload()
        found |= set(log.Tags()["scalars"])
    assert {"float/loss", "pretrain/loss", "warmup/loss", "finetune/loss"} <= found
