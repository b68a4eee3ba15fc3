"""A small method for tests of the toolkit: an encoder and a head, a moving average of the encoder, a stage in steps.

As a program it trains in a folder, and waits for its end within an epoch if it is told to.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from models.progress import Progress
from models.training.loop import run_stage
from models.training.method import Loss, Method
from models.training.optimizers import OptimizerSettings
from models.training.processes import gather_with_gradients
from models.training.stage import Stage

STEPS, BATCHES, BATCH = 25, 10, 8


class Pairs(Method):
    """Learns to tell which views belong together, beside a moving average that stays out of the gradients."""

    def __init__(self, wait_at: int | None = None) -> None:
        torch.manual_seed(0)
        encoder = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2))
        average = deepcopy(encoder).requires_grad_(False)
        self.models = {"encoder": encoder, "head": nn.Linear(8, 4), "average": average}
        settings = OptimizerSettings(learning_rate=0.01, warmup=5, every="step")
        self.optimizers = {name: settings.build(self.models[name].parameters(), STEPS) for name in ("encoder", "head")}
        self.wait_at = wait_at

    def batches(self, epoch: int, first: int) -> Iterator[dict[str, Tensor]]:
        for number in range(first, BATCHES):
            generator = torch.Generator().manual_seed(1000 * epoch + number)
            samples = torch.randn(BATCH, 6, generator=generator)
            yield {"left": samples, "right": samples + 0.1 * torch.randn(BATCH, 6, generator=generator)}

    def share(self, batch: dict[str, Tensor], process: int, processes: int) -> dict[str, Tensor]:
        return {name: part[process::processes] for name, part in batch.items()}

    def step(self, models: Mapping[str, nn.Module], batch: dict[str, Tensor]) -> Loss:
        left = models["head"](models["encoder"](batch["left"]))
        with torch.no_grad():
            right = models["head"](models["average"](batch["right"]))
        scores = gather_with_gradients(left) @ gather_with_gradients(right).T
        loss = nn.functional.cross_entropy(scores, torch.arange(len(scores)))
        return Loss(loss, {"spread": left.std()})

    def after_step(self, step: int) -> None:
        for mine, theirs in zip(self.models["average"].parameters(), self.models["encoder"].parameters(), strict=True):
            mine.data.lerp_(theirs.data, 0.1)
        if step == self.wait_at:
            time.sleep(600)

    def validate(self) -> Mapping[str, float]:
        return {"weight": self.models["head"].weight.abs().sum().item()}  # type: ignore[union-attr, operator]


def train(folder: Path, wait_at: int | None = None) -> Pairs:
    """Trains in `folder`, or goes on with what lies there."""
    method = Pairs(wait_at)
    stage = Stage(
        name="pairs",
        steps=STEPS,
        key="0 pairs",
        settings={"batch": BATCH},
        checkpoint=folder / "pairs.pt",
        metrics=folder / "metrics.jsonl",
        checkpoint_steps=3,
        clip_norm=1.0,
    )
    with Progress(quiet=True) as progress:
        run_stage(stage, method, Accelerator(cpu=True), progress)
    return method


if __name__ == "__main__":
    train(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
