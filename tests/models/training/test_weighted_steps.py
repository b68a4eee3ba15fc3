"""Losses that are means over numbers that vary: each value counts the same, over batches and over processes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn

from models.progress import Progress
from models.training.loop import run_stage
from models.training.method import Loss, Method
from models.training.optimizers import OptimizerSettings
from models.training.stage import Stage
from tests.support.processes import declare_to_accelerate, in_processes

SAMPLES, BATCH = 20, 4
START = 0.5


@pytest.fixture(autouse=True)
def _fresh_state() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)


def samples() -> tuple[Tensor, Tensor]:
    """Values, and which of them count: fewer and fewer, and none in the last batch."""
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(SAMPLES, 5, generator=generator)
    counted = torch.rand(SAMPLES, 5, generator=generator) < torch.linspace(1, 0.1, SAMPLES)[:, None]
    counted[-BATCH:] = False
    return values, counted


class Squares(Method):
    """One parameter p, which the mean of (p - value)^2 over counted values trains by plain gradient descent."""

    def __init__(self) -> None:
        network = nn.Linear(1, 1, bias=False)
        nn.init.constant_(network.weight, START)
        self.models = {"network": network}
        self.optimizers = {
            "network": OptimizerSettings(
                optimizer="sgd", learning_rate=1.0, momentum=0.0, weight_decay=0.0, schedule="constant"
            ).build(network.parameters(), 1)
        }

    def batches(self, epoch: int, first: int) -> Iterator[tuple[Tensor, ...]]:
        values, counted = samples()
        return iter(list(zip(values.split(BATCH), counted.split(BATCH), strict=True))[first:])

    def step(self, models: Mapping[str, nn.Module], batch: tuple[Tensor, ...]) -> Loss:
        values, counted = batch
        squares = (models["network"](torch.ones(1, 1)) - values).square() * counted
        number = counted.sum()
        return Loss(squares.sum() / number.clamp(min=1), weight=number / 10)


def trained(accumulate: int) -> float:
    """The parameter after an epoch."""
    declare_to_accelerate()
    method = Squares()
    with TemporaryDirectory() as folder, Progress(quiet=True) as progress:
        files = {name: Path(folder) / f"{name}.pt" for name in ("checkpoint", "metrics")}
        stage = Stage(name="squares", settings={}, epochs=1, accumulate=accumulate, **files)
        run_stage(stage, method, Accelerator(cpu=True), progress)
    return next(method.models["network"].parameters()).item()


def expected(batches_of_a_step: int) -> float:
    """The same by the formula."""
    values, counted = (part.split(BATCH * batches_of_a_step) for part in samples())
    parameter = START
    for some, which in zip(values, counted, strict=True):
        chosen = some[which].double()
        parameter -= float(2 * (parameter - chosen).mean()) if len(chosen) else 0.0
    return parameter


@pytest.mark.parametrize("accumulate", [1, 2, 5, 9])
def test_each_value_of_a_step_counts_the_same(accumulate: int) -> None:
    assert trained(accumulate) == pytest.approx(expected(accumulate), abs=1e-5)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_processes_take_the_steps_of_one(accumulate: int) -> None:
    assert in_processes(2, trained, accumulate) == pytest.approx([expected(accumulate)] * 2, abs=1e-5)
