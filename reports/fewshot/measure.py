"""Trains a network of chapter 5's tables and measures it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.backbones.batch_norm import set_batch_norm
from models.fewshot.class_images import FewShotData
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.learners import evaluator_of, fine_tuning_of
from models.fewshot.measurement import alignment, class_separation
from models.fewshot.run import FewShotRun, load_run, run_few_shot
from models.fewshot.run_measures import run_features
from models.fewshot.settings import FewShotConfig, HeadName
from models.progress import Progress
from reports.fewshot.networks import NETWORKS
from reports.fewshot.scales import Scale
from reports.records.experiments import Experiment, Record

SHOTS = (1, 5)
"""Support images of a class in the tables."""

_MOST_QUERIES = 15
_EPISODE_SEED, _PAIR_SEED = 2, 0
RUN = "run"
"""The folder of a network's run, in that of its experiment."""


def measure(experiment: Experiment, folder: Path, *, data: FewShotData, scale: Scale) -> Record:
    """Trains and measures a network, or compares or fine-tunes networks that are trained: see `experiments`."""
    with Progress(quiet=True) as progress:
        return _KINDS[experiment.settings["kind"]](experiment.settings, folder, data, scale, progress)


def _network(settings: dict[str, Any], folder: Path, data: FewShotData, scale: Scale, progress: Progress) -> Record:
    config = FewShotConfig(**settings["config"])
    run_few_shot(config, data, folder / RUN, progress, resume=True)
    return _measured(settings["network"], load_run(folder / RUN), data, scale, progress)


def _measured(name: str, run: FewShotRun, data: FewShotData, scale: Scale, progress: Progress) -> Record:
    network = NETWORKS[name]
    set_batch_norm(run.network, "episode" if run.config.is_fine_tuned else network.batch_norm)
    evaluations = [
        _evaluation(run, head, Episodes(data, "test", shape, _EPISODE_SEED), scale, progress)
        for shape in _shapes(run.config.way, data, "test")
        for head in network.heads
    ]
    record = {"evaluations": evaluations, "separation": _separations(run, data, scale, progress)}
    if "val" in data.splits and "svm" in network.heads:
        shape = _shapes(run.config.way, data, "val")[0]
        record["validation"] = _evaluation(run, "svm", Episodes(data, "val", shape), scale, progress)
    return record


def _shapes(ways: int, data: FewShotData, split: str) -> list[EpisodeShape]:
    fewest = min(data.split(split).counts)
    return [EpisodeShape(ways, shot, min(_MOST_QUERIES, fewest - shot)) for shot in SHOTS if fewest > shot]


def _evaluation(
    run: FewShotRun, head: HeadName, episodes: Episodes, scale: Scale, progress: Progress
) -> dict[str, Any]:
    """Accuracy of every episode, with what it was measured by."""
    evaluator = evaluator_of(run.config, run.network, episodes.data, episodes.split, head)
    count = scale.tuned_episodes if head == "fine-tuning" else scale.episodes
    accuracies = evaluator.accuracies(episodes, count, progress)
    return {
        "head": head,
        "shot": episodes.shape.shot,
        "query": episodes.shape.query,
        "batch_norm": evaluator.batch_norm,
        "episode_digest": episodes.digest(count),
        "accuracies": accuracies.tolist(),
    }


def _separations(run: FewShotRun, data: FewShotData, scale: Scale, progress: Progress) -> dict[str, Any]:
    """R_FC and R_HV of every pair of training classes and of test classes; the same pairs for every network."""
    found = {}
    for split in ("train", "test"):
        features = run_features(run, data, split, progress).features
        separation = class_separation(features, data.split(split).counts, scale.pairs, _PAIR_SEED)
        found[split] = {"R_FC": separation.clusterings.tolist(), "R_HV": separation.variations.tolist()}
    return found


def _alignment(settings: dict[str, Any], folder: Path, data: FewShotData, scale: Scale, progress: Progress) -> Record:
    """CKA of two networks on test images."""
    runs = [load_run(folder.parent / key / RUN) for key in settings["networks"]]
    first, second = (run_features(run, data, "test", progress).features for run in runs)
    return asdict(alignment(first, second))


def _moves(settings: dict[str, Any], folder: Path, data: FewShotData, scale: Scale, progress: Progress) -> Record:
    """Distances and losses as a whole network is fine-tuned to tasks of test classes."""
    run = load_run(folder.parent / settings["moves"] / RUN)
    tasks = scale.followed_tasks if run.config.is_fine_tuned else scale.tuned_episodes
    record: Record = {}
    for shape in _shapes(run.config.way, data, "test"):
        path = fine_tuning_of(run.config, run.network).path(
            Episodes(data, "test", shape, _EPISODE_SEED), tasks, progress
        )
        record[str(shape.shot)] = {
            "distances": path.distances[:, -1].tolist(),
            "remaining_loss": (path.losses[:, -1] / path.losses[:, 0]).tolist(),
            "distance_by_step": path.distances.mean(0).tolist(),
            "loss_by_step": path.losses.mean(0).tolist(),
        }
    return record


_KINDS = {"network": _network, "alignment": _alignment, "moves": _moves}
"""What an experiment is, by the `kind` of its settings."""
