"""Descriptions of a run: its notes on the terminal, and its entries in config.json and result.json."""

import sys
from pathlib import Path
from typing import Any

import torch

from models.json_files import parse_object
from models.selfsup.config import SelfSupConfig
from models.selfsup.method import SelfSupTraining
from models.selfsup.networks import stem_of
from models.selfsup.probes.frozen import state_digest
from models.selfsup.probes.images import Normalisation
from models.selfsup.probes.nearest import NEIGHBOURS
from models.selfsup.schedule import Schedule
from models.selfsup.settings import REFERENCE_BATCH
from models.selfsup.training_data import TrainingData
from models.training.execution import process_state
from models.training.lars import is_vector


def facts(config: SelfSupConfig, data: TrainingData, method: SelfSupTraining) -> dict[str, Any]:
    """Facts that follow from settings and data, as plain JSON values.

    spared: parameters without weight decay and, under LARS, without a learning rate of their own.
    """
    trained = {name: one for name, one in method.online.named_parameters() if one.requires_grad}
    return {
        "data": data.name,
        "data_digest": data.digest,
        "image_shape": list(data.shape),
        "scaled": data.scaled,
        "images": data.pictures.count,
        "dropped_images": method.schedule.dropped,
        "steps_per_epoch": method.schedule.steps_per_epoch,
        "scaled_learning_rate": config.scaled_rate,
        "used_temperature": config.used_temperature,
        "used_stem": stem_of(config, data.shape),
        "spared": [name for name, one in trained.items() if is_vector(one)],
    }


def note_choices(config: SelfSupConfig, data: TrainingData, schedule: Schedule, processes: int) -> None:
    """Prints the choices that settings and data led to, from the main process, and a warning for local batch norm."""
    if not process_state().is_main_process:
        return
    _, height, width = data.shape
    images = data.pictures.count
    left_over = f"; {schedule.dropped} of {images} images are left over in each, too few for another step"
    notes = [
        f"note: {config.encoder} with the {stem_of(config, data.shape)} stem, for images of {height} x {width}",
        f"note: learning rate {config.scaled_rate:.4g}: {config.reference_rate:g} for {REFERENCE_BATCH} images, scaled "
        f"by the {config.step_images} of a step",
        f"note: {schedule.steps_per_epoch} steps an epoch{left_over if schedule.dropped else f' of {images} images'}",
    ]
    if config.predicts_turns:
        notes.append(
            f"note: the auxiliary loss passes a turned copy of each image beside its {config.views} views: "
            f"{relative_work(config):.3g} times the work"
        )
    if processes > 1 and config.batch_norm == "local":
        notes.append(
            f"warning: batch norm takes statistics of each of {processes} processes by itself, which lets a learner "
            "tell positives by them; --batch-norm auto shares them"
        )
    for note in notes:
        print(f"wrapmac: {note}", file=sys.stderr)


def summary(config: SelfSupConfig, data: TrainingData, method: SelfSupTraining, metrics: Path) -> dict[str, Any]:
    """The settings and data of a run and the figures of its last epoch, as plain JSON values.

    metrics: the file with a line for each epoch.
    """
    recipe = method.tasks.recipe
    mean, std = Normalisation(recipe.mean, recipe.std, data.white).pixels(data.shape[0])
    last = parse_object(metrics.read_text(encoding="utf-8").splitlines()[-1])
    return {
        **{name: value for name, value in facts(config, data, method).items() if name != "spared"},
        "learner": config.learner,
        "rotation": config.rotation,
        "epochs": config.epochs,
        "steps": method.schedule.steps,
        "batch": config.batch,
        "tasks": config.tasks,
        "relative_work": relative_work(config),
        "optimizer": config.optimizer,
        "seed": config.seed,
        "mean": list(mean),
        "std": list(std),
        "white": data.white,
        "features": method.online.encoder.features_dim,
        "encoder_digest": state_digest(method.online.encoder),
        "torch": torch.__version__,
        "last_epoch": {name: value for name, value in last.items() if name not in ("stage", "epoch")},
        "knn": _of_neighbours(config, data),
        "collapsed_epochs": 0 if method.monitor is None else method.monitor.watch.collapsed,
    }


def relative_work(config: SelfSupConfig) -> float:
    """Images that pass the encoder, relative to the views that learners compare: more for an auxiliary loss."""
    return (config.views + config.predicts_turns) / config.views


def _of_neighbours(config: SelfSupConfig, data: TrainingData) -> dict[str, int] | None:
    """The labelled and the test images of the k-NN accuracy, and its neighbours; None without labels."""
    if not config.monitored or data.labelled is None:
        return None
    labels = min(config.monitored, data.labelled.train_count)
    return {
        "labels": labels,
        "test_images": min(config.monitored, data.labelled.test_count),
        "neighbours": min(NEIGHBOURS, labels),
    }
