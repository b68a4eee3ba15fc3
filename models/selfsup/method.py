"""Self-supervised training (dissertation, algorithm 6): tasks of views, a learner's loss, the mean over tasks."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from models.backbones.resnet_encoder import Stem
from models.data.draws import Integers
from models.selfsup.config import SelfSupConfig
from models.selfsup.cutmix import Mixed, cut_mix
from models.selfsup.learners import cosines, task_problem
from models.selfsup.losses.byol import byol_loss
from models.selfsup.losses.rotation import turn_problem
from models.selfsup.monitoring import Monitor
from models.selfsup.networks import OnlineNetwork, Outputs
from models.selfsup.pace import Pace
from models.selfsup.pictures import Pictures
from models.selfsup.schedule import Schedule, cosine_fall
from models.selfsup.target import TargetNetwork, momentum_at
from models.selfsup.tasks import Task, Tasks
from models.selfsup.view_time import ViewTime
from models.training.method import Loss, Method
from models.training.optimizers import OptimizerSettings
from models.training.processes import process_count, process_index
from models.training.shared_batch_norm import share_batch_norms


class StepBatch(NamedTuple):
    """A process's part of a step. images: (tasks * images, channels, height, width), uint8, task after task.

    numbers: of the images in the data set, kept off the GPU, where reading them would wait. step: from 0 on.
    """

    images: Tensor
    numbers: Integers
    epoch: int
    step: int


class SelfSupTraining(Method):
    """A learner in training on tasks.

    monitor: watches its features after each epoch, if there is one. pace: times its first steps, if there is one.
    """

    def __init__(
        self,
        config: SelfSupConfig,
        pictures: Pictures,
        tasks: Tasks,
        schedule: Schedule,
        channels: int,
        stem: Stem,
        monitor: Monitor | None = None,
    ) -> None:
        self.config = config
        self.pictures = pictures
        self.tasks = tasks
        self.schedule = schedule
        self.monitor = monitor
        self.online = OnlineNetwork(config, channels, stem)
        if process_count() > 1 and config.batch_norm == "auto":
            share_batch_norms(self.online)
        self.target = TargetNetwork(self.online) if config.learner == "byol" else None
        self.models: Mapping[str, nn.Module] = {"online": self.online}
        if self.target is not None:
            self.models = {**self.models, "target": self.target}
        trained = [one for one in self.online.parameters() if one.requires_grad]
        self.optimizers = {"online": optimizer_settings(config, schedule).build(trained, schedule.steps)}
        if monitor is not None:
            self.state = {"monitor": monitor.watch}
        self.projections: Tensor | None = None  # of the last step
        self.view_time = ViewTime()
        self.pace: Pace | None = None

    def batches(self, epoch: int, first: int) -> Iterator[StepBatch]:
        """The parts of an epoch's steps that this process takes, from step number `first` on."""
        numbers = self.schedule.numbers(self.tasks, epoch)[first:]
        images = numbers.shape[2] // process_count()
        start = process_index() * images
        mine = [part.flatten() for part in numbers[:, :, start : start + images]]
        self.view_time.restart()
        before = epoch * self.schedule.steps_per_epoch + first
        for place, (chosen, found) in enumerate(zip(mine, self.pictures.batches(mine, self.tasks, epoch), strict=True)):
            yield StepBatch(found, chosen.numpy(), epoch, before + place)

    def share(self, batch: StepBatch, process: int, processes: int) -> StepBatch:
        """The batch: `batches` yields a process's part alone, as pictures are read where they are needed."""
        return batch

    def step(self, models: Mapping[str, nn.Module], batch: StepBatch) -> Loss:
        with self.view_time.measured(batch.images.device):
            task = self.tasks.task(batch.images, torch.from_numpy(batch.numbers), batch.epoch)
        views, mixed = task.views, self._mixed(task.views, batch) if self.config.query_cutmix else None
        if mixed is not None:
            views = torch.cat((views[: self.config.support_views], mixed.views))
        outputs: Outputs = models["online"](views, task.copies.flatten(0, 1) if len(task.copies) else None)
        self.projections = outputs.projections.detach().flatten(0, 1)
        loss, metrics = self._learned(models, views, outputs, mixed)
        if outputs.turns is None:
            return Loss(loss, metrics)
        return self._with_turns(loss, metrics, outputs.turns, task, batch.step)

    def after_step(self, step: int) -> None:
        """Moves byol's target network, by a momentum that is a function of the step alone; times the first steps."""
        if self.pace is not None:
            self.pace.count(next(self.online.parameters()).device)
        if self.target is not None:
            momentum = momentum_at(step - 1, self.schedule.steps, self.config.target_momentum)
            self.target.follow(self.online, momentum)

    def validate(self) -> Mapping[str, float]:
        """The monitor's figures, and the share of the epoch's time that views took."""
        watched = {} if self.monitor is None else self.monitor.figures(self.online.encoder, self.projections)
        return {**watched, "view_share": self.view_time.share()}

    def _mixed(self, views: Tensor, batch: StepBatch) -> Mixed:
        """The query views of each task, mixed among themselves."""
        queries = views[self.config.support_views :]
        numbers = np.split(batch.numbers, self.config.tasks)
        parts = [
            cut_mix(part, chosen, self.config.seed, batch.epoch)
            for part, chosen in zip(queries.chunk(self.config.tasks, 1), numbers, strict=True)
        ]
        mixed, partners, shares = zip(*parts, strict=True)
        return Mixed(torch.cat(mixed, 1), torch.stack(partners), torch.stack(shares))

    def _learned(
        self,
        models: Mapping[str, nn.Module],
        views: Tensor,
        outputs: Outputs,
        mixed: Mixed | None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The learner's own loss, the mean over tasks, and metrics of it."""
        metrics = dict(cosines(outputs.projections))
        if self.target is not None:  # whose loss is a mean over images, in whatever tasks these are
            return byol_loss(outputs.projections, models["target"](views)), metrics
        parts = outputs.projections.chunk(self.config.tasks, 1)
        problems = [task_problem(self.config, part, outputs.logit_scale) for part in parts]
        metrics["task_accuracy"] = torch.stack([one.accuracy for one in problems]).mean()
        if mixed is None:
            losses = [one.loss for one in problems]
        else:
            queries = self.config.query_views
            pairs = zip(problems, mixed.partners.repeat(1, queries), mixed.shares.repeat(1, queries), strict=True)
            losses = [problem.mixed_loss(partners, shares) for problem, partners, shares in pairs]
        return torch.stack(losses).mean(), metrics

    def _with_turns(self, loss: Tensor, metrics: dict[str, Tensor], logits: Tensor, task: Task, step: int) -> Loss:
        problem = turn_problem(logits, task.labels.flatten())
        turns = problem.loss
        metrics |= {"task_loss": loss, "turn_loss": turns, "turn_accuracy": problem.accuracy}
        return Loss(loss + rotation_weight(self.config, step, self.schedule.steps) * turns, metrics)


def rotation_weight(config: SelfSupConfig, step: int, steps: int) -> float:
    """The weight of the auxiliary loss in step number `step`, from 0 on, of `steps`."""
    if config.rotation_weight_schedule == "constant":
        return config.rotation_weight
    return config.rotation_weight * cosine_fall(step, steps)


def optimizer_settings(config: SelfSupConfig, schedule: Schedule) -> OptimizerSettings:
    """The optimizer of a run, its learning rate scaled by the images of a step: a warm-up, then a cosine, by steps."""
    return OptimizerSettings(
        optimizer=config.optimizer,
        learning_rate=config.scaled_rate,
        weight_decay=config.weight_decay,
        decay_vectors=False,
        warmup=min(round(config.warmup_share * schedule.steps), schedule.steps - 1),
        every="step",
    )
