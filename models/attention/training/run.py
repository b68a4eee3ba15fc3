"""A run of chapter 4: what it stores in its folder, and how it is read again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.attention.training.config import LsaConfig
from models.attention.training.initial import METHOD, Initial
from models.attention.training.method import LsaTraining
from models.attention.training.tasks import task_of
from models.json_files import parse_object
from models.listing import listed
from models.progress import Progress
from models.training.diagnosis import broken_tensor
from models.training.execution import Execution, process_state
from models.training.loop import run_stage
from models.training.run import CONFIG, MODEL, RunFolder
from models.training.stage import Stage

_MOST_NAMES = 10


def run_lsa(
    config: LsaConfig,
    data: Any,
    folder: Path,
    progress: Progress,
    execution: Execution = Execution(),
    *,
    initial: Initial | None = None,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains a network in `folder` and returns the summary of the run, which is also in result.json.

    data: of the task, as `Task.read` reads it. initial: trained weights to start from. resume: whether `folder` may
    hold a run already, which then goes on; it has to have the same settings.
    Raises ValueError if `folder` holds a run and `resume` is not set, or one of other settings, and if data, weights
    and settings do not go together; models.training.errors.TrainingError if a loss or weight is not finite.
    """
    processes = process_state().num_processes
    training = task_of(config).training(config, data, processes)  # refuses what is impossible before anything is kept
    if initial is not None:
        training.initialise(initial.weights, initial.classes)
    start = {"initial_digest": None if initial is None else initial.digest}
    described = asdict(config) | dict(training.facts) | start | execution.numerics
    run = RunFolder(folder)
    run.start(METHOD, described, resume=resume)
    accelerator = execution.accelerator(folder)
    training.use(accelerator.device)
    stage = Stage(
        name=config.task,
        epochs=config.used_epochs,
        steps=config.steps,
        settings=described | {"torch": torch.__version__, "processes": processes},
        checkpoint=checkpoint_file(folder, config),
        metrics=run.metrics,
        key=f"{config.seed} {config.task}",
        clip_norm=config.clip_norm,
        accumulate=config.accumulate,
        checkpoint_steps=config.checkpoint_steps,
    )
    run_stage(stage, training, accelerator, progress)
    broken = broken_tensor(training.kept)
    if broken is not None:
        raise ValueError(f"{stage.checkpoint} holds a network in which {broken} is not finite")
    record = _summary(config, training, run.metrics) if process_state().is_main_process else {}
    run.finish(training.kept.state_dict(), record)
    return record


def checkpoint_file(folder: Path, config: LsaConfig) -> Path:
    """File with the state of a run's training."""
    return folder / f"{config.task}.pt"


@dataclass(frozen=True)
class LsaRun:
    """A trained network, in evaluation mode, with its configuration. facts: see `LsaTraining`; result: the summary."""

    folder: Path
    config: LsaConfig
    network: nn.Module
    facts: Mapping[str, Any]
    result: Mapping[str, Any]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of what the network tells apart."""
        return tuple(self.facts["classes"])

    def check(self, classes: tuple[str, ...]) -> None:
        """Raises ValueError if the classes of data are others."""
        if classes != self.classes:
            raise ValueError(
                f"{self.folder} tells {len(self.classes)} classes apart, {listed(self.classes, _MOST_NAMES)}; the data "
                f"has {len(classes)}: {listed(classes, _MOST_NAMES)}"
            )


def load_run(folder: Path) -> LsaRun:
    """The network of a finished run.

    Raises ValueError, naming the file, if the run is not finished or a file is damaged.
    """
    finished = RunFolder(folder).load()
    with finished.reading(CONFIG):
        finished.check_method(METHOD)
        config = LsaConfig.from_record(finished.settings)
        network = task_of(config).network(config, finished.settings)
    with finished.reading(CONFIG, MODEL):
        network.load_state_dict(finished.weights)
        broken = broken_tensor(network)
        if broken is not None:
            raise ValueError(f"{broken} is not finite")
    return LsaRun(folder, config, network.eval(), finished.settings, finished.result)


def _summary(config: LsaConfig, training: LsaTraining, metrics: Path) -> dict[str, Any]:
    """Settings and data of a run and the figures of its last epoch, as plain JSON values."""
    last = parse_object(metrics.read_text(encoding="utf-8").splitlines()[-1])
    return {
        **training.facts,
        "task": config.task,
        "network": config.network,
        "steps": training.steps,
        "epochs": last["epoch"],
        "batch_size": config.batch_size,
        "seed": config.seed,
        "parameters": sum(one.numel() for one in training.network.parameters()),
        "torch": torch.__version__,
        "last_epoch": {name: value for name, value in last.items() if name not in ("stage", "epoch", "step")},
    }
