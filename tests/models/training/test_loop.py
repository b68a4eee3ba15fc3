"""The training loop: resumed runs end like unbroken ones, and bad runs stop."""

import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from models.progress import Progress
from models.training import loop
from models.training.errors import TrainingError
from models.training.loop import run_stage
from models.training.method import Gradients, Loss, Method
from models.training.optimizers import OptimizerSettings
from models.training.stage import Best, Stage


class Stop(Exception):
    """Stands for a kill."""


class Fit(Method):
    """Fits a line; two batches an epoch."""

    def __init__(self, epochs: int, rate: float, **faults: int | None) -> None:
        torch.manual_seed(0)
        self.model = nn.Linear(3, 1)
        self.models = {"line": self.model}
        self.optimizers = {"line": OptimizerSettings(learning_rate=rate).build(self.model.parameters(), epochs)}
        self.faults = faults
        self.validation: list[float] = []

    def batches(self, epoch: int, first: int) -> Iterator[tuple[Tensor]]:
        for number in range(first, 2):
            samples = torch.randn(8, 3, generator=torch.Generator().manual_seed(10 * epoch + number))
            if number == 1:
                if epoch == self.faults.get("stop_in"):
                    raise Stop
                samples = samples * (torch.nan if epoch == self.faults.get("poison") else 1)
            yield (samples,)
        if epoch == self.faults.get("spoil_after"):
            self.model.weight.data.fill_(torch.inf)

    def step(self, models: Mapping[str, nn.Module], batch: tuple[Tensor]) -> Loss | Gradients:
        noise = 0.01 * torch.randn(())  # which has to be the same in a resumed run
        return Loss((models["line"](batch[0]) - batch[0].sum(1, keepdim=True) + noise).square().mean())

    def validate(self) -> Mapping[str, float]:
        return {"figure": self.validation.pop(0)} if self.validation else {}


def run(
    folder: Path,
    *,
    method: Fit | None = None,
    epochs: int = 4,
    rate: float = 0.1,
    stage: Any = None,
    **faults: int | None,
) -> nn.Linear:
    method = method or Fit(epochs, rate, **faults)
    described: dict[str, Any] = {"name": "fit", "settings": {"rate": rate}, "epochs": epochs, "key": "0 fit"}
    described |= {"checkpoint": folder / "fit.pt", "metrics": folder / "metrics.jsonl"} | (stage or {})
    with Progress(quiet=True) as progress:
        run_stage(Stage(**described), method, Accelerator(cpu=True), progress)
    return method.model


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def look_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    made = loop._StageRun.__init__

    def prepare(self: Any, *arguments: Any) -> None:
        made(self, *arguments)
        self.look_steps = 50  # as on a GPU

    monkeypatch.setattr(loop._StageRun, "__init__", prepare)


@pytest.mark.parametrize("stop_in", [0, 1, 3])
def test_a_broken_run_resumes_and_ends_with_the_same_numbers(stop_in: int, tmp_path: Path) -> None:
    unbroken = run(tmp_path / "unbroken")
    with pytest.raises(Stop):
        run(tmp_path / "broken", stop_in=stop_in)
    resumed = run(tmp_path / "broken")
    assert torch.equal(unbroken.weight, resumed.weight)
    assert entries(tmp_path / "unbroken") == entries(tmp_path / "broken")
    assert [entry["epoch"] for entry in entries(tmp_path / "unbroken")] == [1, 2, 3, 4]


@pytest.mark.parametrize("stop_in", [0, 2])
def test_a_run_resumes_within_an_epoch(stop_in: int, tmp_path: Path) -> None:
    often = {"checkpoint_steps": 1}
    unbroken = run(tmp_path / "unbroken", stage=often)
    with pytest.raises(Stop):
        run(tmp_path / "broken", stop_in=stop_in, stage=often)
    saved = torch.load(tmp_path / "broken" / "fit.pt", weights_only=True)["position"]
    assert saved == {"epoch": stop_in, "batch": 1, "step": 2 * stop_in + 1}
    assert torch.equal(unbroken.weight, run(tmp_path / "broken", stage=often).weight)
    assert entries(tmp_path / "unbroken") == entries(tmp_path / "broken")


@pytest.mark.parametrize("steps", [1, 4, 5])
def test_a_stage_in_steps_ends_after_them(steps: int, tmp_path: Path) -> None:
    run(tmp_path, stage={"epochs": None, "steps": steps})
    assert [entry["step"] for entry in entries(tmp_path)] == [*range(2, steps, 2), steps]
    assert torch.load(tmp_path / "fit.pt", weights_only=True)["position"]["step"] == steps


def test_random_numbers_of_the_caller_are_left_alone(tmp_path: Path) -> None:
    method = Fit(2, 0.1)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(tmp_path, method=method, epochs=2)
    assert torch.equal(torch.rand(3), expected)


def test_a_finished_stage_is_loaded_not_repeated(tmp_path: Path) -> None:
    finished = run(tmp_path)
    assert torch.equal(run(tmp_path, stop_in=0).weight, finished.weight)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"the loss of stage 'fit' is nan in epoch 3: .*keeps the state after step 4"
    ):
        run(tmp_path, poison=2)
    assert torch.load(tmp_path / "fit.pt", weights_only=True)["position"]["epoch"] == 2


@pytest.mark.parametrize("poison", [0, 2])
def test_a_loss_looked_at_late_names_the_layer_all_the_same(
    poison: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_rarely(monkeypatch)
    message = f"the loss of stage 'fit' is nan in epoch {poison + 1}: what layer  takes in is not finite"
    with pytest.raises(TrainingError, match=message):
        run(tmp_path, poison=poison)


def test_large_checkpoints_of_short_epochs_are_written_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = run(tmp_path / "unbroken")
    monkeypatch.setattr(loop, "_QUICK_SAVE", 0.0)
    monkeypatch.setattr(loop, "_SAVING_SHARE", 1e-9)
    with pytest.raises(Stop):
        run(tmp_path / "broken", stop_in=3)
    saved = torch.load(tmp_path / "broken" / "fit.pt", weights_only=True)["position"]
    assert saved["epoch"] == 1
    assert torch.equal(unbroken.weight, run(tmp_path / "broken").weight)
    assert entries(tmp_path / "unbroken") == entries(tmp_path / "broken")
    assert torch.load(tmp_path / "broken" / "fit.pt", weights_only=True)["position"]["epoch"] == 4


def test_a_loss_looked_at_late_is_found_several_epochs_after_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_QUICK_SAVE", 0.0)
    monkeypatch.setattr(loop, "_SAVING_SHARE", 1e-9)
    look_rarely(monkeypatch)
    message = "the loss of stage 'fit' is nan in epoch 4: what layer  takes in is not finite.*state after step 2"
    with pytest.raises(TrainingError, match=message):
        run(tmp_path, poison=3)


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(TrainingError, match="was written with other settings"):
        run(tmp_path, rate=0.2)


def test_a_checkpoint_of_another_version_is_refused_by_one_clear_line(tmp_path: Path) -> None:
    run(tmp_path)
    saved = torch.load(tmp_path / "fit.pt", weights_only=True)
    torch.save({"epoch": 4, "settings": saved["settings"], "model": saved["parts"]["model line"]}, tmp_path / "fit.pt")
    with pytest.raises(TrainingError, match="was written by another version of wrapmac; remove it to train the stage"):
        run(tmp_path)


@pytest.mark.parametrize("damage", [lambda content: content[:100], lambda _: b"", lambda content: content[::-1]])
def test_a_damaged_checkpoint_is_named(damage: Any, tmp_path: Path) -> None:
    run(tmp_path)
    checkpoint = tmp_path / "fit.pt"
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    with pytest.raises(TrainingError, match=r"fit\.pt is damaged"):
        run(tmp_path)


def test_weights_that_are_not_finite_are_not_kept(tmp_path: Path) -> None:
    # The last step of the epoch spoils them: no loss shows it.
    message = "weight is not finite after epoch 2 of stage 'fit'; .*fit.pt keeps the state after step 2"
    with pytest.raises(TrainingError, match=message):
        run(tmp_path, spoil_after=1)
    assert torch.load(tmp_path / "fit.pt", weights_only=True)["position"]["epoch"] == 1


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
        patch.setattr("models.training.checkpoint.write_tensors", stop)
        with pytest.raises(Stop):
            run(tmp_path / "broken")
    run(tmp_path / "broken")
    assert entries(tmp_path / "unbroken") == entries(tmp_path / "broken")


def test_the_best_models_are_kept_and_end_the_stage(tmp_path: Path) -> None:
    method, weights = Fit(4, 0.1), []

    def validate() -> Mapping[str, float]:
        weights.append(method.model.weight.clone())
        return {"figure": [3.0, 1.0, 2.0, 5.0][len(weights) - 1]}

    method.validate = validate  # type: ignore[method-assign]
    best = {"best": Best("figure", "min")}
    assert torch.equal(run(tmp_path, method=method, stage=best).weight, weights[1])
    assert [entry["figure"] for entry in entries(tmp_path)] == [3.0, 1.0, 2.0, 5.0]
    assert torch.equal(run(tmp_path, stage=best).weight, weights[1])  # from the files
    with pytest.raises(TrainingError, match="keeps the best 'figure', which validation lacks"):
        run(tmp_path / "other", stage=best)


def test_accumulated_batches_make_one_step_of_their_mean(tmp_path: Path) -> None:
    method = Fit(1, 0.1)
    before = method.model.weight.detach().clone()
    seen: list[Tensor] = []
    method.after_step = lambda _step: seen.append(method.model.weight.grad.clone())  # type: ignore[method-assign, union-attr]
    run(tmp_path, method=method, epochs=1, stage={"accumulate": 2})
    (gradient,) = seen

    weight = before.clone().requires_grad_()
    bias = Fit(1, 0.1).model.bias.detach()
    total = torch.zeros(())
    for place, (samples,) in enumerate(Fit(1, 0.1).batches(0, 0), start=1):
        torch.manual_seed(zlib.crc32(f"0 fit 0 {place} 0".encode()))
        noise = 0.01 * torch.randn(())
        total = total + (samples @ weight.T + bias - samples.sum(1, keepdim=True) + noise).square().mean() / 2
    total.backward()
    assert torch.allclose(gradient, weight.grad)


def test_gradients_are_clipped(tmp_path: Path) -> None:
    method, norms = Fit(1, 0.1), []

    def norm(_step: int) -> None:
        parts = [parameter.grad.flatten() for parameter in method.model.parameters()]
        norms.append(torch.cat(parts).norm().item())

    method.after_step = norm  # type: ignore[method-assign]
    run(tmp_path, method=method, epochs=1, stage={"clip_norm": 0.01})
    assert norms == pytest.approx([0.01, 0.01], rel=1e-3)


def test_a_step_may_bring_gradients_instead_of_a_loss(tmp_path: Path) -> None:
    class Brought(Fit):
        def step(self, models: Mapping[str, nn.Module], batch: tuple[Tensor]) -> Gradients:
            result = super().step(models, batch)
            result.loss.backward()
            return Gradients(result.loss.detach(), {"norm": self.model.weight.grad.norm()})  # type: ignore[union-attr]

    assert torch.equal(run(tmp_path / "brought", method=Brought(4, 0.1)).weight, run(tmp_path / "loss").weight)
    assert all("norm" in entry for entry in entries(tmp_path / "brought"))
    with pytest.raises(TrainingError, match="brings its own gradients takes neither accumulation nor fp16"):
        run(tmp_path / "both", method=Brought(1, 0.1), epochs=1, stage={"accumulate": 2})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": None}, "stage 'fit' needs a length: either epochs or steps"),
        ({"steps": 3}, "stage 'fit' needs a length: either epochs or steps"),
        ({"epochs": 0}, "epochs of stage 'fit' is 0; allowed is an integer of at least 1"),
        ({"accumulate": 0}, "accumulate of stage 'fit' is 0"),
        ({"clip_norm": 0.0}, "clip_norm of stage 'fit' is 0.0; allowed is a number above 0"),
    ],
)
def test_impossible_stages_are_named(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        run(tmp_path, stage=changes)
