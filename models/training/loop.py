"""The training loop of every chapter: epochs over batches, a checkpoint after each, resumed where it stopped."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from models.training.files import write_text, write_with
from models.training.progress import Progress


class TrainingError(ValueError):
    """A run cannot go on: its loss is not finite, or its checkpoint belongs to another run."""


@dataclass(frozen=True)
class Stage:
    """One stage of a training run.

    name: names the stage's checkpoint and its metrics. epochs: passes over the batches.
    batches: the batches of an epoch, by its number; the same on every call, which is what makes a resumed run end
        with the same numbers as an unbroken one.
    loss: the loss of a batch.
    settings: what the stage's result depends on, as plain values; a checkpoint with other settings is refused.
    """

    name: str
    epochs: int
    batches: Callable[[int], Iterable[Any]]
    loss: Callable[[Any], Tensor]
    settings: dict[str, Any]


def run_stage(
    stage: Stage,
    model: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler,
    folder: Path,
    accelerator: Accelerator,
    progress: Progress,
) -> None:
    """Trains `model` through a stage, or loads the state of one that ran before and goes on from there.

    Leaves `folder/STAGE.pt`, the state after the last finished epoch, and a line an epoch in `folder/metrics.jsonl`.
    Raises TrainingError if the loss is not finite (the last good checkpoint stays) or the settings differ.
    """
    checkpoint = folder / f"{stage.name}.pt"
    parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    done = _restore(checkpoint, stage, parts)
    metrics = _MetricLog(folder / "metrics.jsonl", stage.name, done)
    task = progress.task(f"training: {stage.name}", stage.epochs)
    task.advance(done)
    for epoch in range(done, stage.epochs):
        model.train()
        losses = []
        for batch in stage.batches(epoch):
            with accelerator.autocast():
                loss = stage.loss(batch)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            losses.append(loss.detach())
        mean = torch.stack(losses).mean().item()
        if not torch.isfinite(torch.tensor(mean)):
            raise TrainingError(f"the loss of stage {stage.name!r} is {mean} in epoch {epoch + 1}; see {checkpoint}")
        scheduler.step()
        state = {name: part.state_dict() for name, part in parts.items()}
        saved = {"epoch": epoch + 1, "settings": json.dumps(stage.settings, sort_keys=True), **state}
        write_with(checkpoint, partial(torch.save, saved))
        metrics.append({"stage": stage.name, "epoch": epoch + 1, "loss": mean})
        task.advance(note=f"loss {mean:.4f}")


def _restore(checkpoint: Path, stage: Stage, parts: dict[str, Any]) -> int:
    """Loads a stage's checkpoint, if there is one, into `parts`; returns the number of finished epochs."""
    if not checkpoint.exists():
        return 0
    try:
        saved = torch.load(checkpoint, weights_only=True)
        settings, epoch = saved["settings"], int(saved["epoch"])
        if settings == json.dumps(stage.settings, sort_keys=True):
            for name, part in parts.items():
                part.load_state_dict(saved[name])
            return epoch
    except (OSError, RuntimeError, EOFError, UnpicklingError, LookupError, TypeError, ValueError) as error:
        raise TrainingError(f"{checkpoint} is damaged; remove it to train the stage again") from error
    raise TrainingError(f"{checkpoint} was written with other settings: {settings}")


class _MetricLog:
    """JSON lines, one an epoch; lines of epochs that a resumed run repeats are dropped."""

    def __init__(self, path: Path, stage: str, done: int) -> None:
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        entries = [json.loads(line) for line in lines if line.endswith("}")]
        self.entries = [entry for entry in entries if entry["stage"] != stage or entry["epoch"] <= done]

    def append(self, entry: dict[str, Any]) -> None:
        self.entries.append(entry)
        write_text(self.path, "".join(json.dumps(entry) + "\n" for entry in self.entries))
