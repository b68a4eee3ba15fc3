"""Trains a network of chapter 5's tables and measures it."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from models.backbones.batch_norm import in_mode
from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluation import episode_accuracies
from models.fewshot.evaluators import HEADS, FineTuningEvaluator, fine_tuning_of
from models.fewshot.held_out import held_out_shapes
from models.fewshot.inner import trainable
from models.fewshot.measurement import alignment, class_separation
from models.fewshot.run import FewShotRun, load_run, run_few_shot
from models.fewshot.run_measures import run_features
from models.fewshot.settings import BatchNorm, HeadName
from models.progress import Progress
from reports.fewshot.networks import NETWORKS, Network
from reports.fewshot.scales import Scale
from reports.records.experiments import Experiment, Record

_EPISODE_SEED, _PAIR_SEED = 2, 0
RUN = "run"
"""The folder of a network's run, in that of its experiment."""


def measure(experiment: Experiment, folder: Path, *, data: FewShotData, scale: Scale) -> Record:
    """Trains and measures a network, or compares or fine-tunes networks that are trained: see `experiments`."""
    with Progress(quiet=True) as progress:
        return _KINDS[experiment.settings["kind"]](experiment.settings, folder, data, scale, progress)


def _network(settings: dict[str, Any], folder: Path, data: FewShotData, scale: Scale, progress: Progress) -> Record:
    config = FewShotConfig.from_record(settings["config"])
    run_few_shot(config, data, folder / RUN, progress, resume=True)
    return _measured(settings["network"], load_run(folder / RUN), data, scale, progress)


def _measured(name: str, run: FewShotRun, data: FewShotData, scale: Scale, progress: Progress) -> Record:
    network = NETWORKS[name]
    features = {split: run_features(run, data, split, progress).features for split in data.splits}
    tuned = _fine_tuning(run, network)

    def evaluation(split: str, head: HeadName, shape: EpisodeShape) -> dict[str, Any]:
        episodes = Episodes(data, split, shape, _EPISODE_SEED)
        if head == "fine-tuning":
            accuracies = tuned.accuracies(episodes, scale.tuned_episodes, progress)
            return _described(head, episodes, accuracies, tuned.batch_norm)
        accuracies = episode_accuracies(features[split], episodes, scale.episodes, HEADS[head], progress)
        return _described(head, episodes, accuracies, "running")

    record: Record = {
        "evaluations": [
            evaluation("test", head, shape)
            for shape in held_out_shapes(data, "test", run.config.way)
            for head in network.heads
        ],
        "separation": {
            split: _separation(features[split], data.split(split).counts, scale.pairs) for split in ("train", "test")
        },
    }
    if "val" in data.splits and "svm" in network.heads:
        record["validation"] = evaluation("val", "svm", held_out_shapes(data, "val", run.config.way)[0])
    return record


def _fine_tuning(run: FewShotRun, network: Network) -> FineTuningEvaluator:
    """The fine-tuning of a run's network, in the mode of batch norm that the tables have for it."""
    mode: BatchNorm = "episode" if run.config.is_fine_tuned else network.batch_norm
    return fine_tuning_of(run.config, in_mode(run.network, mode))


def _described(head: HeadName, episodes: Episodes, accuracies: Tensor, batch_norm: str) -> dict[str, Any]:
    """The accuracy of every episode, with what it was measured by."""
    return {
        "head": head,
        "shot": episodes.shape.shot,
        "query": episodes.shape.query,
        "batch_norm": batch_norm,
        "episode_digest": episodes.digest(len(accuracies)),
        "accuracies": accuracies.tolist(),
    }


def _separation(features: Tensor, counts: tuple[int, ...], pairs: int) -> dict[str, list[float]]:
    """R_FC and R_HV of every pair of classes, the same pairs for every network."""
    separation = class_separation(features, counts, pairs, _PAIR_SEED)
    return {"R_FC": separation.clusterings.tolist(), "R_HV": separation.variations.tolist()}


def _alignment(settings: dict[str, Any], folder: Path, data: FewShotData, scale: Scale, progress: Progress) -> Record:
    """CKA of two networks on test images."""
    runs = [load_run(folder.parent / key / RUN) for key in settings["networks"]]
    first, second = (run_features(run, data, "test", progress).features for run in runs)
    return asdict(alignment(first, second))


def _moves(settings: dict[str, Any], folder: Path, data: FewShotData, scale: Scale, progress: Progress) -> Record:
    """Distances and losses as a whole network is fine-tuned to tasks of test classes.

    Distances are the filter-normalised one, a root of a sum over filters, and the root of its mean over filters, which
    compares networks of unequal size.
    """
    run = load_run(folder.parent / settings["moves"] / RUN)
    tuned = fine_tuning_of(run.config, run.network)
    tasks = scale.followed_tasks if run.config.is_fine_tuned else scale.tuned_episodes
    filters = math.sqrt(sum(len(weight) for weight in trainable(run.network).values() if weight.ndim > 1))
    record: Record = {}
    for shape in held_out_shapes(data, "test", run.config.way):
        path = tuned.path(Episodes(data, "test", shape, _EPISODE_SEED), tasks, progress)
        record[str(shape.shot)] = {
            "distances": path.distances[:, -1].tolist(),
            "mean_distances": (path.distances[:, -1] / filters).tolist(),
            "remaining_loss": (path.losses[:, -1] / path.losses[:, 0]).tolist(),
            "mean_distance_by_step": (path.distances.mean(0) / filters).tolist(),
            "loss_by_step": path.losses.mean(0).tolist(),
        }
    return record


_KINDS = {"network": _network, "alignment": _alignment, "moves": _moves}
"""What an experiment is, by the `kind` of its settings."""
