"""The training loop of every chapter: epochs over batches, checkpoints, resumed where it stopped."""

import copy
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device
from torch import Tensor, nn

from models.progress import Progress
from models.training.best import BestModels
from models.training.checkpoint import Checkpoint, Position
from models.training.diagnosis import broken_tensor, not_finite
from models.training.errors import TrainingError
from models.training.method import Batch, Loss, Method, Stateful
from models.training.metrics import MetricLog, StepMetrics
from models.training.processes import average, average_gradients, share_buffers
from models.training.seeds import random_state_kept, seed_torch
from models.training.snapshots import keep_snapshot
from models.training.stage import Stage

_LOOK_STEPS = 50  # between two looks at the losses on a device that would have to wait for each
_SHOW_STEPS = 50  # between two notes beside the progress bar
_LONGEST_UNSAVED = 600.0  # seconds
_SAVING_SHARE = 0.03  # of the time, which checkpoints of short epochs may take
_QUICK_SAVE = 0.05  # seconds of a save that nobody notices


def run_stage(stage: Stage, method: Method, accelerator: Accelerator, progress: Progress) -> None:
    """Trains a method's models through a stage, or loads the state of one that ran before and goes on from there.

    Raises TrainingError if a loss or weight is not finite (the last good checkpoint stays) or the settings differ.
    """
    _StageRun(stage, method, accelerator, progress).run()


class _StageRun:
    """A stage under way."""

    def __init__(self, stage: Stage, method: Method, accelerator: Accelerator, progress: Progress) -> None:
        self.stage = stage
        self.method = method
        self.accelerator = accelerator
        self.progress = progress
        self.checkpoint = Checkpoint(stage.checkpoint, stage.settings, _parts(method, accelerator))
        self.best = BestModels(stage, method.models)
        self.position = Position()
        self.metrics = StepMetrics()
        for model in method.models.values():  # before the optimizers load state, which goes where the weights are
            model.to(accelerator.device)
        self.look_steps = 1 if accelerator.device.type == "cpu" else _LOOK_STEPS
        self.prepared: Mapping[str, nn.Module] = {}
        self.weights: list[Tensor] = []  # of the batches whose gradients are accumulated

    def run(self) -> None:
        self._restore()
        if self._finished():
            self.best.restore()
            return
        log = MetricLog(self.stage.metrics, self.stage.name, self.position.epoch)
        self.task = self.progress.task(f"training: {self.stage.name}", self.stage.epochs or self.stage.steps or 0)
        self.task.advance(self._progress())
        self._initial = self._state() if self.look_steps > 1 and not self.stage.checkpoint.exists() else None
        self._saved_at, self._saved_step, self._saving = time.monotonic(), self.position.step, 0.0
        self._prepare()
        with random_state_kept():
            while not self._finished():
                before = self._progress()
                self._epoch()
                means = self._end_epoch(log)
                self.task.advance(self._progress() - before, note=f"loss {means['loss']:.4f}")
        self.best.restore()
        self._release()

    def _restore(self) -> None:
        found = self.checkpoint.restore()
        if found is not None:
            self.position, extra = found
            with self.checkpoint.reading():
                self.metrics.load_state_dict(extra["metrics"], self.accelerator.device)
                self.best.value = extra["best"]

    def _finished(self) -> bool:
        if self.stage.epochs is not None:
            return self.position.epoch >= self.stage.epochs
        return self.position.step >= (self.stage.steps or 0)

    def _progress(self) -> int:
        return self.position.epoch if self.stage.epochs is not None else self.position.step

    def _prepare(self) -> None:
        """Wraps what is trained through for several processes and mixed precision."""
        trained = {name: model for name, model in self.method.models.items() if _is_trainable(model)}
        wrapped = dict(zip(trained, _listed(self.accelerator.prepare(*trained.values())), strict=True))
        optimizers = [one.optimizer for one in self.method.optimizers.values()]
        # accelerate would move Adam's step counts to the GPU, too, and each step would wait to read them.
        stay = [False] * len(optimizers)
        self.steppers = _listed(self.accelerator.prepare(*optimizers, device_placement=stay))
        self.prepared = dict(self.method.models) | wrapped

    def _release(self) -> None:
        for model in self.prepared.values():  # undoes what mixed precision did to a model's forward
            self.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
        self.accelerator.free_memory()

    def _epoch(self) -> None:
        """Trains on the batches of an epoch that are still to come."""
        for model in self.prepared.values():
            model.train()
        waiting = 0  # batches whose gradients are accumulated, but not applied
        for batch in self.method.batches(self.position.epoch, self.position.batch):
            mine = self.method.share(batch, self.accelerator.process_index, self.accelerator.num_processes)
            self.position.batch += 1
            if mine is None:
                continue
            waiting += 1
            self._train_on(send_to_device(mine, self.accelerator.device, non_blocking=True), waiting)
            if waiting == self.stage.accumulate:
                self._apply()
                waiting = 0
                if self._finished():
                    break
                self._save_within_epoch()
                if self.position.step % _SHOW_STEPS == 0:
                    self.task.advance(0, note=f"epoch {self.position.epoch + 1}, step {self.position.step}")
        if waiting:
            self._complete(waiting)
            self._apply()
        if not len(self.metrics):
            raise TrainingError(f"stage {self.stage.name!r} has no batch that is large enough for every process")
        self._look()

    def _train_on(self, batch: Batch, place: int) -> None:
        """Adds a batch's gradients. place: of the batch among those of its step, from 1 on."""
        if place == 1:
            self.weights = []
            for stepper in self.steppers:
                stepper.zero_grad()
        seed_torch(f"{self.stage.key} {self.position.step} {place} {self.accelerator.process_index}")
        with self._synchronised(place == self.stage.accumulate):
            with self.accelerator.autocast():
                result = self.method.step(self.prepared, batch)
            self.metrics.add({"loss": result.loss, **result.metrics})
            if len(self.metrics) % self.look_steps == 0:
                self._look(batch)
            if isinstance(result, Loss):
                self._backward(self._weighted(result))
            elif self.stage.accumulate > 1 or self.accelerator.scaler is not None:
                raise TrainingError("a step that brings its own gradients takes neither accumulation nor fp16")
            else:
                average_gradients(self.method.models.values())

    def _weighted(self, result: Loss) -> Tensor:
        """A loss as it is added to those of the step's other batches."""
        if result.weight is None:
            return result.loss / self.stage.accumulate
        self.weights.append(result.weight.detach().float())
        return result.loss * result.weight

    def _complete(self, batches: int) -> None:
        """Makes the gradients of an epoch's last batches, too few for `accumulate`, their mean over all processes."""
        average_gradients(self.method.models.values())
        if not self.weights:
            self._scale_gradients(self.stage.accumulate / batches)

    def _scale_gradients(self, factor: float | Tensor) -> None:
        for parameter in (one for model in self.method.models.values() for one in model.parameters()):
            if parameter.grad is not None:
                parameter.grad *= factor

    def _backward(self, loss: Tensor) -> None:
        """Like Accelerator.backward, which searches for the package of an optimizer at every call."""
        scaler = self.accelerator.scaler
        (loss if scaler is None else scaler.scale(loss)).backward()

    def _synchronised(self, last: bool) -> AbstractContextManager[Any]:
        """Lets processes exchange gradients only for the last batch of a step."""
        stack = ExitStack()
        if not last:
            for model in self.prepared.values():
                stack.enter_context(self.accelerator.no_sync(model))
        return stack

    def _apply(self) -> None:
        """Takes a step with the gradients."""
        if self.weights:
            total = torch.stack(self.weights).sum()
            average([total])
            self._scale_gradients(torch.where(total > 0, 1 / total, 0.0))
        if self.stage.clip_norm is not None:
            parameters = [one for model in self.method.models.values() for one in model.parameters()]
            self.accelerator.clip_grad_norm_(parameters, self.stage.clip_norm)
        for stepper in self.steppers:
            stepper.step()
        self._move_on("step")
        self.position.step += 1
        self.method.after_step(self.position.step)

    def _move_on(self, period: str) -> None:
        for one in self.method.optimizers.values():
            if one.every == period:
                one.scheduler.step()

    def _end_epoch(self, log: MetricLog) -> dict[str, float]:
        """Validates, logs and saves; returns the epoch's metrics."""
        means = self.metrics.means()
        share_buffers(self.method.models.values())
        self._check_weights()
        entry: dict[str, Any] = {"stage": self.stage.name, "epoch": self.position.epoch + 1}
        if self.stage.steps is not None:
            entry["step"] = self.position.step
        figures = dict(self.method.validate())
        self._next_epoch()
        if self.accelerator.is_main_process:
            log.append(entry | means | figures)
            self.best.keep(figures)
            keep_snapshot(self.stage, self.position.epoch, self.method.models)
        if self._worth_saving():
            self._save()
        self.accelerator.log(
            {f"{self.stage.name}/{name}": value for name, value in (means | figures).items()}, step=self.position.epoch
        )
        return means

    def _next_epoch(self) -> None:
        self._move_on("epoch")
        self.position = Position(self.position.epoch + 1, 0, self.position.step)
        self.metrics = StepMetrics()

    def _worth_saving(self) -> bool:
        """Whether to save after an epoch: always, unless many short epochs would wait for large files."""
        alone = self.accelerator.num_processes == 1
        unsaved = time.monotonic() - self._saved_at
        return not alone or self._finished() or self._saving < max(_QUICK_SAVE, _SAVING_SHARE * unsaved)

    def _save_within_epoch(self) -> None:
        every = self.stage.checkpoint_steps
        if every is None:
            alone = self.accelerator.num_processes == 1
            due = alone and time.monotonic() - self._saved_at > _LONGEST_UNSAVED
        else:
            due = self.position.step % every == 0
        if due:
            self._look()
            share_buffers(self.method.models.values())
            self._check_weights()
            self._save()

    def _save(self) -> None:
        extra = {"metrics": self.metrics.state_dict(), "best": self.best.value}
        started = time.monotonic()
        if self.accelerator.is_main_process:
            self.checkpoint.save(self.position, extra)
        self._saving = time.monotonic() - started
        self._saved_at, self._saved_step = time.monotonic(), self.position.step
        self._initial = None
        self.accelerator.wait_for_everyone()  # the next stage may start from the file

    def _look(self, batch: Batch | None = None) -> None:
        """Raises TrainingError if a loss since the last look is not finite. batch: that of the last loss."""
        losses = self.metrics.unseen("loss")
        finite = torch.isfinite(losses)
        if finite.all():
            return
        if self.look_steps > 1:
            self._replay()
        loss = losses[~finite][0].item()
        where = "it did not recur when the steps were repeated" if batch is None else self._diagnosis(batch)
        epoch = self.position.epoch + 1
        raise TrainingError(
            f"the loss of stage {self.stage.name!r} is {loss} in epoch {epoch}: {where}; {self._kept()}"
        )

    def _diagnosis(self, batch: Batch) -> str:
        models = self.method.models
        return not_finite(_as_one(models), partial(self.method.step, models, batch))

    def _replay(self) -> None:
        """Repeats the steps since the last checkpoint, looking at each loss, to say where one stops being finite."""
        last = self.position.epoch
        self._load_state(self._initial)
        self.look_steps = 1
        while self.position.epoch <= last:
            self._epoch()
            self._next_epoch()

    def _load_state(self, state: dict[str, Any] | None) -> None:
        self.position, self.metrics = Position(), StepMetrics()
        if state is None:
            self._restore()
            return
        for name, part in self.checkpoint.parts.items():
            part.load_state_dict(state[name])

    def _state(self) -> dict[str, Any]:
        return copy.deepcopy({name: part.state_dict() for name, part in self.checkpoint.parts.items()})

    def _check_weights(self) -> None:
        """Raises TrainingError if a weight or statistic is not finite."""
        broken = broken_tensor(_as_one(self.method.models))
        if broken is not None:
            raise TrainingError(
                f"{broken} is not finite after epoch {self.position.epoch + 1} of stage {self.stage.name!r}; "
                f"{self._kept()}"
            )

    def _kept(self) -> str:
        """What is left of a stage that fails, for messages."""
        if not self.stage.checkpoint.exists():
            return "try a lower learning rate, in the earlier stages as well"
        return f"{self.stage.checkpoint} keeps the state after step {self._saved_step}"


def _parts(method: Method, accelerator: Accelerator) -> dict[str, Stateful]:
    """What a checkpoint keeps, by name."""
    parts: dict[str, Stateful] = {f"model {name}": model for name, model in method.models.items()}
    for name, one in method.optimizers.items():
        parts |= {f"optimizer {name}": one.optimizer, f"scheduler {name}": one.scheduler}
    parts |= {f"state {name}": part for name, part in method.state.items()}
    if accelerator.scaler is not None:  # of fp16
        parts["scaler"] = accelerator.scaler
    return parts


def _as_one(models: Mapping[str, nn.Module]) -> nn.Module:
    """The only model, or a module that holds all of them by name."""
    return next(iter(models.values())) if len(models) == 1 else nn.ModuleDict(dict(models))


def _is_trainable(model: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in model.parameters())


def _listed(prepared: Any) -> list[Any]:
    """What `Accelerator.prepare` returns: one object for one argument, else a tuple."""
    return list(prepared) if isinstance(prepared, tuple) else [prepared]
