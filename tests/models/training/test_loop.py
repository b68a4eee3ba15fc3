"""The training loop: resumed runs end like unbroken ones, and bad runs stop."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from models.progress import Progress
from models.training.loop import Stage, TrainingError, run_stage


class Stop(Exception):
    """Stands for a kill."""


def run(
    folder: Path,
    *,
    epochs: int = 4,
    stop_in: int | None = None,
    poison: int | None = None,
    rate: float = 0.1,
    spoil_after: int | None = None,
):  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)

    def batches(epoch: int) -> Iterator[tuple[Tensor]]:
        generator = torch.Generator().manual_seed(epoch)
        yield (torch.randn(8, 3, generator=generator),)
        if epoch == stop_in:
            raise Stop
        yield (torch.randn(8, 3, generator=generator) * (torch.nan if epoch == poison else 1),)
        if epoch == spoil_after:
            model.weight.data.fill_(torch.inf)

    stage = Stage(
        "fit",
        epochs,
        batches,
        lambda network, batch: (network(batch[0]) - batch[0].sum(1, keepdim=True)).square().mean(),
        {"rate": rate},
        folder / "fit.pt",
        folder / "metrics.jsonl",
    )
    with Progress(quiet=True) as progress:
        run_stage(stage, model, optimizer, scheduler, Accelerator(cpu=True), progress)
    return model


@pytest.mark.parametrize("stop_in", [0, 1, 3])
def test_a_broken_run_resumes_and_ends_with_the_same_numbers(stop_in: int, tmp_path: Path) -> None:
    unbroken = run(tmp_path / "unbroken")
    with pytest.raises(Stop):
        run(tmp_path / "broken", stop_in=stop_in)
    resumed = run(tmp_path / "broken")
    assert torch.equal(unbroken.weight, resumed.weight)
    logs = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("unbroken", "broken")]
    assert logs[0] == logs[1]
    assert [json.loads(line)["epoch"] for line in logs[0].splitlines()] == [1, 2, 3, 4]


def test_a_finished_stage_is_loaded_not_repeated(tmp_path: Path) -> None:
    finished = run(tmp_path)
    assert torch.equal(run(tmp_path, stop_in=0).weight, finished.weight)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="the loss of stage 'fit' is nan in epoch 3"):
        run(tmp_path, poison=2)
    assert torch.load(tmp_path / "fit.pt", weights_only=True)["epoch"] == 2


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(TrainingError, match="was written with other settings"):
        run(tmp_path, rate=0.2)


def test_a_truncated_checkpoint_is_named(tmp_path: Path) -> None:
    run(tmp_path)
    checkpoint = tmp_path / "fit.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    with pytest.raises(TrainingError, match=r"fit\.pt is damaged"):
        run(tmp_path)


def test_weights_that_are_not_finite_are_not_kept(tmp_path: Path) -> None:
    # The last step of the epoch spoils them: no loss shows it.
    message = "weight is not finite after epoch 2 of stage 'fit'; .*fit.pt keeps the 1 before"
    with pytest.raises(TrainingError, match=message):
        run(tmp_path, spoil_after=1)
    assert torch.load(tmp_path / "fit.pt", weights_only=True)["epoch"] == 1


@pytest.mark.parametrize("text", ["{}\n", "}\n", "[]\n", '{"stage": "fit", "ep'])
def test_damaged_metrics_are_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(text)
    with pytest.raises(TrainingError, match=r"metrics\.jsonl is damaged"):
        run(tmp_path)


def test_a_kill_between_metrics_and_checkpoint_loses_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "unbroken")

    def stop(*_: object) -> None:
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr("models.training.loop.write_with", stop)
        with pytest.raises(Stop):
            run(tmp_path / "broken")
    run(tmp_path / "broken")
    logs = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("unbroken", "broken")]
    assert logs[0] == logs[1]
