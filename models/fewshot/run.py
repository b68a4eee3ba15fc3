"""A few-shot run: what it stores in its folder, and how it is read again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.backbones.encoder import Encoder, EncoderOptions
from models.backbones.encoders import build_encoder
from models.fewshot.class_images import FewShotData
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluation import embed, episode_accuracies
from models.fewshot.learners import HEADS, build_method
from models.fewshot.settings import FewShotConfig
from models.fewshot.statistics import estimate
from models.progress import Progress
from models.training.diagnosis import broken_tensor
from models.training.execution import Execution, process_state
from models.training.loop import run_stage
from models.training.run import CONFIG, MODEL, RESULT, RunFolder
from models.training.stage import Best, Stage

METHOD = "fewshot"
"""The method's name in the configuration of its runs."""

_SHOTS = (1, 5)
_MOST_QUERIES = 15
_VALIDATION_ACCURACY = "validation_accuracy"
_VALIDATION_SEED, _TEST_SEED = 1, 2


def run_few_shot(
    config: FewShotConfig,
    data: FewShotData,
    folder: Path,
    progress: Progress,
    execution: Execution = Execution(),
    *,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains an encoder in `folder` and returns its summary, which is also in result.json.

    resume: whether `folder` may hold a run already, which then goes on; it has to have the same settings.
    Raises ValueError if `folder` holds a run and `resume` is not set, or one of other settings.
    """
    encoder = encoder_of(config, data.shape)
    validation = _Validation(config, data) if config.validation_episodes and "val" in data.splits else None
    build_method(config, encoder, data, validation)  # refuses too few classes before anything is written
    for shape in test_shapes(config, data):
        Episodes(data, "test", shape)
    run = RunFolder(folder)
    settings = asdict(config) | {"data": data.name, "data_digest": data.digest, "image_shape": list(data.shape)}
    run.start(METHOD, settings | execution.numerics, resume=resume)
    accelerator = execution.accelerator(folder)
    data, encoder = data.to(accelerator.device), encoder.to(accelerator.device)
    if validation is not None:
        validation.data = data
    stage = Stage(
        name=config.learner,
        epochs=config.epochs,
        settings=settings | execution.numerics | {"torch": torch.__version__, "processes": accelerator.num_processes},
        checkpoint=folder / f"{config.learner}.pt",
        metrics=run.metrics,
        key=str(config.seed),
        best=None if validation is None else Best(_VALIDATION_ACCURACY),
    )
    run_stage(stage, build_method(config, encoder, data, validation), accelerator, progress)
    record = summary(config, data, encoder, progress) if process_state().is_main_process else {}
    run.finish(encoder.state_dict(), record)
    return record


@dataclass(frozen=True)
class FewShotRun:
    """A trained encoder with its configuration.

    image_shape: of the images that it takes. mean, std: of the training classes, by which it takes them normalised.
    training_classes: digests of the classes that it was trained on.
    """

    folder: Path
    config: FewShotConfig
    encoder: Encoder
    image_shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    training_classes: frozenset[str]

    def check(self, data: FewShotData, split: str, *, allow_seen: bool) -> int:
        """The number of classes in a split that the encoder was trained on.

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
    """The encoder of a finished run.

    Raises ValueError, naming the file, if the run is not finished or a file is damaged.
    """
    finished = RunFolder(folder).load()
    with finished.reading(CONFIG):
        config = FewShotConfig(**{field.name: finished.settings[field.name] for field in fields(FewShotConfig)})
        channels, height, width = (int(side) for side in finished.settings["image_shape"])
        encoder = encoder_of(config, (channels, height, width))
    with finished.reading(RESULT):
        training_classes = frozenset(str(one) for one in finished.result["training_classes"])
        mean, std = (tuple(float(value) for value in finished.result[name]) for name in ("mean", "std"))
        if not len(mean) == len(std) == channels or min(std) <= 0:
            raise ValueError(f"normalisation is {mean}, {std}; {channels} channels need as many")
    with finished.reading(CONFIG, MODEL):
        encoder.load_state_dict(finished.weights)
        broken = broken_tensor(encoder)
        if broken is not None:
            raise ValueError(f"{broken} is not finite")
    return FewShotRun(folder, config, encoder.eval(), (channels, height, width), mean, std, training_classes)


def encoder_of(config: FewShotConfig, image_shape: tuple[int, int, int]) -> Encoder:
    """The configuration's encoder with its initial weights, for images of that shape."""
    return build_encoder(config.encoder, EncoderOptions(image_shape=image_shape, width=config.width, seed=config.seed))


def summary(config: FewShotConfig, data: FewShotData, encoder: nn.Module, progress: Progress) -> dict[str, Any]:
    """What a run was and how it does on test classes, as plain JSON values."""
    features = embed(encoder, data, "test")
    evaluations = []
    for shape in test_shapes(config, data):
        episodes = Episodes(data, "test", shape, _TEST_SEED)
        accuracies = episode_accuracies(features, episodes, config.test_episodes, HEADS[config.head_name], progress)
        evaluations.append(
            asdict(shape)
            | {"head": config.head_name, "batch_norm": "running", "episodes": config.test_episodes}
            | {"episode_digest": episodes.digest(config.test_episodes)}
            | estimate(accuracies).record
        )
    return {
        "data": data.name,
        "classes": {split: len(classes.names) for split, classes in data.splits.items()},
        "training_classes": list(data.split("train").class_digests),
        "mean": list(data.mean),
        "std": list(data.std),
        "evaluations": evaluations,
    }


def test_shapes(config: FewShotConfig, data: FewShotData) -> list[EpisodeShape]:
    """The episodes of the evaluation at the end: 1 and 5 shots, 15 queries or as many as every class has left."""
    fewest = min(data.split("test").counts)
    return [EpisodeShape(config.way, shot, min(_MOST_QUERIES, fewest - shot)) for shot in _SHOTS if fewest > shot]


class _Validation:
    """Accuracy on episodes of validation classes, shaped as those of training."""

    def __init__(self, config: FewShotConfig, data: FewShotData) -> None:
        self.config = config
        self.data = data

    def __call__(self, encoder: nn.Module) -> Mapping[str, float]:
        config = self.config
        episodes = Episodes(self.data, "val", EpisodeShape(config.way, config.shot, config.query), _VALIDATION_SEED)
        features = embed(encoder, self.data, "val")
        accuracies = episode_accuracies(features, episodes, config.validation_episodes, HEADS[config.head_name])
        return {_VALIDATION_ACCURACY: float(accuracies.mean())}
