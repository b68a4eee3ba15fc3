"""Training: processes that share a batch, runs that are killed, the target network, the schedule."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState
from torch import Tensor

from models.selfsup.method import StepBatch, optimizer_settings, rotation_weight
from models.selfsup.run import build_training, checkpoint_file, load_run
from models.selfsup.schedule import schedule_of
from models.training.tensor_files import read_tensors
from tests.support.processes import context, in_processes
from tests.support.selfsup_training import Step, coloured, config, first_step, first_steps, small_data, train

LEARNERS: list[dict[str, Any]] = [
    {"learner": "simclr"},
    {"learner": "byol"},
    {"learner": "protonet", "support_views": 2, "rotation": "task"},
    {"learner": "r2d2", "tasks": 2, "rotation": "both"},
    {"learner": "r2d2", "projection": 32, "query_views": 2, "learn_logit_scale": True},
]


@pytest.fixture(autouse=True)
def _fresh_state() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="module")
def one_process() -> list[Step]:
    return first_steps(LEARNERS)


@pytest.mark.parametrize("processes", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_loss_and_gradients_are_those_of_one_process(processes: int, one_process: list[Step]) -> None:
    for steps in in_processes(processes, first_steps, LEARNERS):
        for found, (loss, gradients, buffers) in zip(steps, one_process, strict=True):
            assert found[0] == pytest.approx(loss, rel=1e-8)
            assert found[1].keys() == gradients.keys()
            assert len(gradients) > 60
            largest = max(float(one.abs().max()) for one in gradients.values())
            torch.testing.assert_close(found[1], gradients, rtol=1e-5, atol=1e-8 * largest)
            torch.testing.assert_close(found[2], buffers, rtol=1e-8, atol=1e-10)


def test_local_batch_norms_change_the_gradients() -> None:
    _, gradients, _ = first_step({"learner": "simclr"})
    _, local, _ = in_processes(2, first_step, {"learner": "simclr", "batch_norm": "local"})[0]
    assert not torch.allclose(local["encoder.first.convolution.weight"], gradients["encoder.first.convolution.weight"])


def left_in(folder: Path) -> dict[str, Any]:
    """Everything that a run left but the time that views took."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    for line in lines:
        del line["view_share"]
    return {
        "parts": read_tensors(checkpoint_file(folder))["parts"],
        "encoder": load_run(folder).encoder.state_dict(),
        "metrics": lines,
    }


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


@pytest.mark.parametrize(
    "changed",
    [
        {"learner": "byol", "optimizer": "lars"},
        {"learner": "r2d2", "rotation": "both", "rotation_weight_schedule": "cosine", "learn_logit_scale": True},
    ],
    ids=["byol", "r2d2"],
)
@pytest.mark.slow
def test_a_run_killed_at_three_places_ends_as_an_unbroken_one(changed: dict[str, Any], tmp_path: Path) -> None:
    train(tmp_path / "unbroken", **changed)
    killed = tmp_path / "killed"
    for step in (3, 6, 0):  # in the first epoch of four steps, in the second one, after the last
        process = context().Process(target=train, args=(killed, step, True), kwargs=changed)
        process.start()
        process.join(120)
        assert process.exitcode == -9
        assert not (killed / "result.json").exists()
    train(killed, resume=True, **changed)
    expected, found = left_in(tmp_path / "unbroken"), left_in(killed)
    assert equal(found, expected)
    assert ("model target" in found["parts"]) == (changed["learner"] == "byol")


def test_a_target_of_momentum_1_stays_through_training() -> None:
    method = build_training(config(learner="byol", target_momentum=1.0), small_data())
    assert method.target is not None
    before = {name: one.clone() for name, one in method.target.state_dict().items()}
    optimizer = method.optimizers["online"].optimizer
    for number, batch in enumerate(method.batches(0, 0), 1):
        optimizer.zero_grad()
        method.step(method.models, batch).loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        method.after_step(number)
    assert equal(method.target.state_dict(), before)
    assert not equal(method.online.encoder.state_dict(), method.target.encoder.state_dict())


def test_the_momentum_is_a_function_of_the_step() -> None:
    first, second = (build_training(config(learner="byol"), small_data()) for _ in range(2))
    for method in (first, second):
        with torch.no_grad():
            for parameter in method.online.parameters():
                parameter.add_(1)
    first.after_step(7)  # a run that is resumed there has taken no step before
    for step in (1, 2):
        second.after_step(step)
    target, fresh = first.target, build_training(config(learner="byol"), small_data()).target
    assert target is not None
    assert fresh is not None
    momentum = 1 - 0.01 * (math.cos(math.pi * 6 / 12) + 1) / 2
    for moved, start in zip(target.parameters(), fresh.parameters(), strict=True):
        torch.testing.assert_close(moved - start, torch.full_like(start, 1 - momentum), rtol=1e-3, atol=1e-6)


def test_batches_go_on_in_the_middle_of_an_epoch() -> None:
    method = build_training(config(tasks=2), small_data())
    whole, rest = list(method.batches(1, 0)), list(method.batches(1, 1))
    assert [batch.step for batch in whole] == [2, 3]
    assert len(rest) == 1
    assert rest[0].step == 3
    assert rest[0].images.equal(whole[1].images)
    assert len({number for batch in whole for number in batch.numbers}) == 64
    assert whole[0].images.equal(small_data().labelled.train.images[whole[0].numbers])  # type: ignore[union-attr]


def test_processes_take_parts_of_every_task() -> None:
    whole = schedule_of(config(tasks=2), 70, 1).numbers(build_training(config(tasks=2), small_data()).tasks, 0)
    parts = in_processes(2, numbers_of_first_step, {"tasks": 2})
    together = torch.stack([part.view(2, 8) for part in parts], 1).flatten(1)
    assert together.equal(whole[0])


def numbers_of_first_step(changed: dict[str, Any]) -> Tensor:
    return torch.from_numpy(next(build_training(config(**changed), small_data(), 2).batches(0, 0)).numbers)


def test_the_rate_is_scaled_by_the_images_of_a_step() -> None:
    published = config(optimizer="lars", batch=1024, epochs=1000)
    settings = optimizer_settings(published, schedule_of(published, 50_000, 1))
    assert (settings.learning_rate, settings.warmup, settings.weight_decay) == (4.0, 480, 1e-6)
    assert config(optimizer="lars", batch=256, recipe="imagenet").scaled_rate == pytest.approx(2.4)
    assert config(batch=128).scaled_rate == pytest.approx(1e-3)
    assert config(batch=128, tasks=4, learning_rate=1.0).scaled_rate == 0.5


def test_the_last_part_of_an_epoch_is_dropped_and_counted() -> None:
    schedule = schedule_of(config(batch=1024), 50_000, 1)
    assert (schedule.steps_per_epoch, schedule.dropped) == (48, 50_000 - 48 * 1024)
    schedule = schedule_of(config(batch=1024, tasks=5), 50_000, 1)
    assert (schedule.steps_per_epoch, schedule.dropped) == (9, 50_000 - 9 * 5 * 1024)


def test_the_auxiliary_loss_has_its_weight() -> None:
    assert rotation_weight(config(rotation_weight=0.3), 5, 10) == 0.3
    falling = config(rotation_weight=0.3, rotation_weight_schedule="cosine")
    assert [rotation_weight(falling, step, 10) for step in (0, 5, 10)] == pytest.approx([0.3, 0.15, 0.0])
    for weight in (0.0, 2.0):
        method = build_training(config(rotation="auxiliary", rotation_weight=weight), coloured())
        result = method.step(method.models, next(iter(method.batches(0, 0))))
        expected = result.metrics["task_loss"] + weight * result.metrics["turn_loss"]
        assert result.loss.item() == pytest.approx(expected.item())


def test_mixed_queries_change_the_loss_and_support_views_stay() -> None:
    plain, mixed = (build_training(config(query_cutmix=mixed), coloured()) for mixed in (False, True))
    seen: list[Tensor] = []
    mixed.online.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    batch: StepBatch = next(iter(plain.batches(0, 0)))
    assert plain.step(plain.models, batch).loss != mixed.step(mixed.models, batch).loss
    views = plain.tasks.task(batch.images, torch.from_numpy(batch.numbers), 0).views
    assert seen[0][0].equal(views[0])
    assert not seen[0][1].equal(views[1])
