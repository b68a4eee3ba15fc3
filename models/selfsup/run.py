"""A self-supervised run: what it stores in its folder, and how it is read again."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from models.backbones.encoder import Encoder
from models.progress import Progress
from models.selfsup.config import SelfSupConfig
from models.selfsup.description import facts, note_choices, summary
from models.selfsup.method import SelfSupTraining
from models.selfsup.monitoring import Monitor
from models.selfsup.networks import build_encoder, stem_of
from models.selfsup.pace import Pace
from models.selfsup.probes.images import probe_data
from models.selfsup.schedule import schedule_of
from models.selfsup.tasks import Tasks
from models.selfsup.training_data import TrainingData
from models.selfsup.views.recipes import ViewRecipe
from models.training.diagnosis import broken_tensor
from models.training.execution import Execution, process_state
from models.training.loop import run_stage
from models.training.run import CONFIG, MODEL, RESULT, RunFolder
from models.training.stage import Stage

METHOD = "selfsup"
"""The method's name in the configuration of its runs."""


def run_self_supervised(
    config: SelfSupConfig,
    data: TrainingData,
    folder: Path,
    progress: Progress,
    execution: Execution = Execution(),
    *,
    resume: bool = False,
    notes: bool = True,
) -> dict[str, Any]:
    """Trains an encoder in `folder` and returns the summary of the run, which is also in result.json.

    resume: whether `folder` may hold a run already, which then goes on; it has to have the same settings. notes:
    whether to print what settings and data led to.
    Raises ValueError if `folder` holds a run and `resume` is not set, or one of other settings, and if images and
    settings do not go together; models.training.errors.TrainingError if a loss or weight is not finite.
    """
    processes = process_state().num_processes
    method = build_training(config, data, processes)  # refuses what is impossible before anything is written
    run = RunFolder(folder)
    described = facts(config, data, method)
    run.start(METHOD, asdict(config) | described | execution.numerics, resume=resume)
    if notes:
        note_choices(config, data, method.schedule, processes)
        method.pace = Pace(method.schedule)
    accelerator = execution.accelerator(folder)
    method.pictures = data.on(accelerator.device).pictures
    versions = {"torch": torch.__version__, "processes": processes}
    stage = Stage(
        name=METHOD,
        epochs=config.epochs,
        settings=asdict(config) | described | execution.numerics | versions,
        checkpoint=checkpoint_file(folder),
        metrics=run.metrics,
        key=str(config.seed),
    )
    run_stage(stage, method, accelerator, progress)
    broken = broken_tensor(method.online)
    if broken is not None:
        raise ValueError(f"{stage.checkpoint} holds a network in which {broken} is not finite")
    record = summary(config, data, method, run.metrics) if process_state().is_main_process else {}
    run.finish(method.online.encoder.state_dict(), record)
    return record


def build_training(config: SelfSupConfig, data: TrainingData, processes: int = 1) -> SelfSupTraining:
    """The method of a run with its initial weights. Raises ValueError if images and settings do not go together."""
    schedule = schedule_of(config, data.pictures.count, processes)
    recipe = config.view_recipe(data.view_size)
    tasks = Tasks(
        recipe=recipe,
        seed=config.seed,
        batch=config.batch,
        views=config.views,
        rotation=config.rotation,
        probability=config.rotation_probability,
        white=data.white,
    )
    tasks.check(data.shape)
    monitor = None
    if config.monitored:
        labelled = data.labelled
        known = None if labelled is None else probe_data(labelled, data.shape, recipe)
        monitor = Monitor(known, config.monitored)
    stem = stem_of(config, data.shape)
    return SelfSupTraining(config, data.pictures, tasks, schedule, data.shape[0], stem, monitor)


def checkpoint_file(folder: Path) -> Path:
    """File with the state of a run's training."""
    return folder / f"{METHOD}.pt"


@dataclass(frozen=True)
class SelfSupRun:
    """A trained encoder, in evaluation mode, with its configuration.

    image_shape: of the images that it takes. recipe: of its views, which says how it takes images normalised. white:
    the pixel value of white. result: the summary of the run.
    """

    folder: Path
    config: SelfSupConfig
    encoder: Encoder
    image_shape: tuple[int, int, int]
    recipe: ViewRecipe
    white: int
    result: dict[str, Any]


def load_run(folder: Path) -> SelfSupRun:
    """The encoder of a finished run.

    Raises ValueError, naming the file, if the run is not finished or a file is damaged.
    """
    finished = RunFolder(folder).load()
    with finished.reading(CONFIG):
        finished.check_method(METHOD)
        config = SelfSupConfig.from_record(finished.settings)
        channels, height, width = (int(side) for side in finished.settings["image_shape"])
        encoder = build_encoder(config, channels, stem_of(config, (channels, height, width)))
        size = height if finished.settings["scaled"] else None
    with finished.reading(RESULT):
        white = int(finished.result["white"])
        if white < 1:
            raise ValueError(f"white is {white}")
    with finished.reading(CONFIG, MODEL):
        encoder.load_state_dict(finished.weights)
        broken = broken_tensor(encoder)
        if broken is not None:
            raise ValueError(f"{broken} is not finite")
    recipe = config.view_recipe(size)
    return SelfSupRun(folder, config, encoder.eval(), (channels, height, width), recipe, white, finished.result)
