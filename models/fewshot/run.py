"""A few-shot run: what it stores in its folder, and how it is read again."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, get_args

import torch
from torch import nn

from models.fewshot.adaptive import AdaptiveTraining
from models.fewshot.capacity import check_capacity
from models.fewshot.class_images import FewShotData
from models.fewshot.config import ADDED, FewShotConfig
from models.fewshot.held_out import VALIDATION_ACCURACY, EpisodeValidation, check_held_out, summary
from models.fewshot.inner import How
from models.fewshot.learners import build_method, build_network
from models.fewshot.pools.classes import training_data
from models.fewshot.pools.episodes import PooledEpisodes
from models.fewshot.pools.tasks import write_tasks
from models.files import write_text
from models.json_files import read_object
from models.progress import Progress
from models.training.diagnosis import broken_tensor
from models.training.execution import Execution, process_state
from models.training.loop import run_stage
from models.training.method import Method
from models.training.run import CONFIG, MODEL, RESULT, RunFolder
from models.training.stage import Best, Stage

METHOD = "fewshot"
"""The method's name in the configuration of its runs."""

_WAY, _TASKS = "way.json", "tasks.json"


def run_few_shot(
    config: FewShotConfig,
    data: FewShotData,
    folder: Path,
    progress: Progress,
    execution: Execution = Execution(),
    *,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains a network in `folder` and returns the summary of the run, which is also in result.json.

    resume: whether `folder` may hold a run already, which then goes on; it has to have the same settings.
    Raises ValueError if `folder` holds a run and `resume` is not set, or one of other settings.
    """
    data = training_data(data, config.pools.train_on)
    network = build_network(config, data.shape)
    check_capacity(config, network, data.shape)
    validation = EpisodeValidation(config, data) if config.validation_episodes and "val" in data.splits else None
    build_method(config, network, data, validation)  # refuses too few classes before anything is written
    check_held_out(config, data)
    run = RunFolder(folder)
    settings = asdict(config) | {"data": data.name, "data_digest": data.digest, "image_shape": list(data.shape)}
    run.start(METHOD, settings | execution.numerics, resume=resume, added=ADDED)
    accelerator = execution.accelerator(folder)
    data, network = data.to(accelerator.device), network.to(accelerator.device)
    if validation is not None:
        validation.data = data
    method = build_method(config, network, data, validation)
    if isinstance(method, AdaptiveTraining) and config.way_through_tasks == "auto":
        method.how = _kept_way(method, folder / _WAY)
    _keep_tasks(method, folder / _TASKS)
    # A stage that earlier versions could train has the settings that they knew.
    known = {name: value for name, value in settings.items() if name not in ADDED or value != ADDED[name]}
    stage = Stage(
        name=config.learner,
        epochs=config.epochs,
        settings=known | execution.numerics | {"torch": torch.__version__, "processes": accelerator.num_processes},
        checkpoint=checkpoint_file(config, folder),
        metrics=run.metrics,
        key=str(config.seed),
        best=None if validation is None else Best(VALIDATION_ACCURACY),
        snapshots=config.snapshots,
    )
    run_stage(stage, method, accelerator, progress)
    record = summary(config, data, network, progress) if process_state().is_main_process else {}
    run.finish(network.state_dict(), record)
    return record


def checkpoint_file(config: FewShotConfig, folder: Path) -> Path:
    """File with the state of a run's training."""
    return folder / f"{config.learner}.pt"


def _keep_tasks(method: Method, path: Path) -> None:
    """Writes the classes of fixed tasks, if training is on such."""
    episodes = getattr(method, "episodes", None)
    if isinstance(episodes, PooledEpisodes) and episodes.task_names and process_state().is_main_process:
        write_tasks(path, episodes.task_names)


def _kept_way(method: AdaptiveTraining, path: Path) -> How:
    """The quicker way through the tasks of a batch. The two round differently, so a run keeps its first choice."""
    state = process_state()
    if state.is_main_process and not path.exists():
        timing = method.timing()
        write_text(path, json.dumps({"how": timing.how, "report": str(timing)}))
        print(f"wrapmac: note: {timing}", file=sys.stderr)
    state.wait_for_everyone()
    how = read_object(path).get("how")
    if how not in get_args(How):
        raise ValueError(f"{path} is damaged")
    return cast(How, how)


@dataclass(frozen=True)
class FewShotRun:
    """A trained network, an encoder or one to fine-tune, with its configuration.

    image_shape: of the images that it takes. mean, std: of the training classes, by which it takes them normalised.
    training_classes: digests of the classes that it was trained on.
    """

    folder: Path
    config: FewShotConfig
    network: nn.Module
    image_shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    training_classes: frozenset[str]

    def check(self, data: FewShotData, split: str, *, allow_seen: bool) -> int:
        """The number of classes in a split that the network was trained on.

        Raises ValueError if the images are of another shape, and if there are such classes, unless `allow_seen` is set.
        """
        if data.shape != self.image_shape:
            raise ValueError(
                f"{self.folder} takes images of {self.image_shape} (channels, height, width), "
                f"not {data.shape} as {data.name} has"
            )
        seen = len(self.training_classes & set(data.split(split).class_digests))
        if seen and not allow_seen:
            raise ValueError(
                f"{self.folder} was trained on {seen} of the {len(data.split(split).counts)} classes in {split} of "
                f"{data.name}; --allow-seen evaluates on them all the same"
            )
        return seen


def load_run(folder: Path) -> FewShotRun:
    """The network of a finished run.

    Raises ValueError, naming the file, if the run is not finished or a file is damaged.
    """
    finished = RunFolder(folder).load()
    with finished.reading(CONFIG):
        config = FewShotConfig.from_record(finished.settings)
        channels, height, width = (int(side) for side in finished.settings["image_shape"])
        network = build_network(config, (channels, height, width))
    with finished.reading(RESULT):
        training_classes = frozenset(str(one) for one in finished.result["training_classes"])
        mean, std = (tuple(float(value) for value in finished.result[name]) for name in ("mean", "std"))
        if not len(mean) == len(std) == channels or min(std) <= 0:
            raise ValueError(f"normalisation is {mean}, {std}; {channels} channels need as many")
    with finished.reading(CONFIG, MODEL):
        network.load_state_dict(finished.weights)
        broken = broken_tensor(network)
        if broken is not None:
            raise ValueError(f"{broken} is not finite")
    return FewShotRun(folder, config, network.eval(), (channels, height, width), mean, std, training_classes)
