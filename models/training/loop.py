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
from accelerate.utils import broadcast
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from models.files import write_text, write_with
from models.progress import Progress
from models.training.diagnosis import not_finite


class TrainingError(ValueError):
    """A run cannot go on: its loss is not finite, or its checkpoint belongs to another run."""


@dataclass(frozen=True)
class Stage:
    """One stage of a training run.

    name: names the stage in metrics and messages. epochs: passes over the batches.
    batches: the batches of an epoch, by its number; the same on every call, which is what makes a resumed run end
        with the same numbers as an unbroken one. A batch is a tuple of tensors, equally long; of several processes,
        each takes its part.
    loss: the loss of the model on a batch, which is on the model's device.
    settings: what the stage's result depends on, as plain values; a checkpoint with other settings is refused.
    checkpoint: file with the state after the last finished epoch. metrics: JSON lines, one an epoch.
    """

    name: str
    epochs: int
    batches: Callable[[int], Iterable[tuple[Tensor, ...]]]
    loss: Callable[[nn.Module, tuple[Tensor, ...]], Tensor]
    settings: dict[str, Any]
    checkpoint: Path
    metrics: Path


def run_stage(
    stage: Stage,
    model: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler,
    accelerator: Accelerator,
    progress: Progress,
) -> None:
    """Trains `model` through a stage, or loads the state of one that ran before and goes on from there.

    Raises TrainingError if the loss is not finite (the last good checkpoint stays) or the settings differ.
    """
    parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    if accelerator.scaler is not None:  # of fp16
        parts["scaler"] = accelerator.scaler
    done = _restore(stage, parts)
    if done == stage.epochs:
        return
    metrics = _MetricLog(stage.metrics, stage.name, done)
    task = progress.task(f"training: {stage.name}", stage.epochs)
    task.advance(done)
    prepared, stepper = accelerator.prepare(model, optimizer)
    for epoch in range(done, stage.epochs):
        prepared.train()
        losses = []
        for batch in stage.batches(epoch):
            share = _share(batch, accelerator)
            if share is None:
                continue
            with accelerator.autocast():
                loss = stage.loss(prepared, share)
            losses.append(accelerator.reduce(loss.detach().float(), "mean"))
            if not torch.isfinite(losses[-1]):
                where = not_finite(model, partial(stage.loss, model, share))
                raise TrainingError(
                    f"the loss of stage {stage.name!r} is {losses[-1].item()} in epoch {epoch + 1}: {where}; "
                    + _kept(stage, epoch)
                )
            stepper.zero_grad()
            accelerator.backward(loss)
            stepper.step()
        if not losses:
            raise TrainingError(f"stage {stage.name!r} has no batch that is large enough for every process")
        mean = torch.stack(losses).mean().item()
        scheduler.step()
        for buffer in model.buffers():
            broadcast(buffer)  # statistics of batch norms are each process's own
        state = {name: part.state_dict() for name, part in parts.items()}
        broken = [name for name, tensor in state["model"].items() if not torch.isfinite(tensor).all()]
        if broken:
            raise TrainingError(
                f"{broken[0]} is not finite after epoch {epoch + 1} of stage {stage.name!r}; {_kept(stage, epoch)}"
            )
        if accelerator.is_main_process:
            metrics.append({"stage": stage.name, "epoch": epoch + 1, "loss": mean})
            saved = {"epoch": epoch + 1, "settings": json.dumps(stage.settings, sort_keys=True), **state}
            write_with(stage.checkpoint, partial(torch.save, saved))
        accelerator.wait_for_everyone()  # the next stage may start from the file
        accelerator.log({f"{stage.name}/loss": mean}, step=epoch + 1)
        task.advance(note=f"loss {mean:.4f}")
    accelerator.unwrap_model(prepared, keep_fp32_wrapper=False)  # undoes what mixed precision did to its forward
    accelerator.free_memory()


def _kept(stage: Stage, epochs: int) -> str:
    """What is left of a stage that fails, for messages."""
    if epochs == 0:
        return "a lower learning rate may help, in the stages before, too"
    return f"{stage.checkpoint} keeps the {epochs} before"


def _share(batch: tuple[Tensor, ...], accelerator: Accelerator) -> tuple[Tensor, ...] | None:
    """This process's part of a batch, on its device; None if some process would have less than two samples."""
    rank, processes = accelerator.process_index, accelerator.num_processes
    if len(batch[0]) < 2 * processes and processes > 1:
        return None
    return tuple(part[rank::processes].to(accelerator.device, non_blocking=True) for part in batch)


def _restore(stage: Stage, parts: dict[str, Any]) -> int:
    """Loads a stage's checkpoint, if there is one, into `parts`; returns the number of finished epochs."""
    if not stage.checkpoint.exists():
        return 0
    try:
        saved = torch.load(stage.checkpoint, weights_only=True, map_location="cpu")
        settings, epoch = saved["settings"], int(saved["epoch"])
        if settings == json.dumps(stage.settings, sort_keys=True):
            for name, part in parts.items():
                part.load_state_dict(saved[name])
            return epoch
    except (OSError, RuntimeError, EOFError, UnpicklingError, LookupError, TypeError, ValueError) as error:
        raise TrainingError(f"{stage.checkpoint} is damaged; remove it to train the stage again") from error
    raise TrainingError(f"{stage.checkpoint} was written with other settings: {settings}")


class _MetricLog:
    """JSON lines, one an epoch; lines of epochs that a resumed run repeats are dropped."""

    def __init__(self, path: Path, stage: str, done: int) -> None:
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        try:
            entries = [json.loads(line) for line in lines]
            self.entries = [entry for entry in entries if entry["stage"] != stage or entry["epoch"] <= done]
        except (ValueError, LookupError, TypeError) as error:
            raise TrainingError(f"{path} is damaged; remove it to go on without the losses so far") from error

    def append(self, entry: dict[str, Any]) -> None:
        self.entries.append(entry)
        write_text(self.path, "".join(json.dumps(entry) + "\n" for entry in self.entries))
