"""Trains a network of the tables and measures it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.fewshot.class_images import FewShotData
from models.fewshot.comparison import EpisodeTest
from models.fewshot.config import FewShotConfig
from models.fewshot.domains import evaluate_domains
from models.fewshot.ensembles import Ensemble
from models.fewshot.episodes import Episodes
from models.fewshot.evaluators import evaluator_of, fine_tuning_of
from models.fewshot.held_out import held_out_shapes
from models.fewshot.inner import trainable
from models.fewshot.measurement import alignment
from models.fewshot.run import load_run, run_few_shot
from models.fewshot.run_measures import run_features
from models.fewshot.snapshots import load_snapshots
from models.progress import Progress
from reports.fewshot.networks import NETWORKS, Network
from reports.fewshot.parts import PARTS
from reports.fewshot.scales import Scale
from reports.fewshot.trained import EPISODE_SEED, Trained, described
from reports.records.experiments import Experiment, Record

DOMAIN_SHOTS, _DOMAIN_TASKS = 5, 1000  # with 5 ways and 15 queries (dissertation 6.6.8)
RUN = "run"
"""The folder of a network's run, in that of its experiment."""


@dataclass(frozen=True)
class _Given:
    """What an experiment is carried out with. folder: its own. domains: further data sets."""

    folder: Path
    data: FewShotData
    scale: Scale
    networks: Mapping[str, Network]
    domains: Sequence[FewShotData]
    progress: Progress

    def run_folder(self, key: str) -> Path:
        """The run of a network, by the key of its experiment."""
        return self.folder.parent / key / RUN


def measure(
    experiment: Experiment,
    folder: Path,
    *,
    data: FewShotData,
    scale: Scale,
    networks: Mapping[str, Network] = NETWORKS,
    domains: Sequence[FewShotData] = (),
) -> Record:
    """Trains and measures a network, or measures, compares or fine-tunes networks that are trained.

    experiment: see `experiments`. networks: that its network is one of. domains: data sets to evaluate it on.
    """
    with Progress(quiet=True) as progress:
        given = _Given(folder, data, scale, networks, domains, progress)
        return _KINDS[experiment.settings["kind"]](experiment.settings, given)


def _network(settings: Mapping[str, Any], given: _Given) -> Record:
    config = FewShotConfig.from_record(settings["config"])
    run_few_shot(config, given.data, given.folder / RUN, given.progress, resume=True)
    network = given.networks[settings["network"]]
    trained = Trained(load_run(given.folder / RUN), network, given.data, given.scale, given.progress)
    record: Record = {
        "evaluations": [
            trained.evaluation("test", head, shape) for shape in trained.shapes("test") for head in trained.heads
        ]
    }
    for part in network.parts:
        record |= PARTS[part](trained)
    return record


def _alignment(settings: Mapping[str, Any], given: _Given) -> Record:
    """CKA of two networks on test images."""
    runs = [load_run(given.run_folder(key)) for key in settings["networks"]]
    first, second = (run_features(run, given.data, "test", given.progress).features for run in runs)
    return asdict(alignment(first, second))


def _moves(settings: Mapping[str, Any], given: _Given) -> Record:
    """Distances and losses as a whole network is fine-tuned to tasks of test classes.

    Distances are the filter-normalised one, a root of a sum over filters, and the root of its mean over filters, which
    compares networks of unequal size.
    """
    run = load_run(given.run_folder(settings["moves"]))
    tuned = fine_tuning_of(run.config, run.network)
    tasks = given.scale.followed_tasks if run.config.is_fine_tuned else given.scale.tuned_episodes
    filters = math.sqrt(sum(len(weight) for weight in trainable(run.network).values() if weight.ndim > 1))
    record: Record = {}
    for shape in held_out_shapes(given.data, "test", run.config.way):
        path = tuned.path(Episodes(given.data, "test", shape, EPISODE_SEED), tasks, given.progress)
        record[str(shape.shot)] = {
            "distances": path.distances[:, -1].tolist(),
            "mean_distances": (path.distances[:, -1] / filters).tolist(),
            "remaining_loss": (path.losses[:, -1] / path.losses[:, 0]).tolist(),
            "mean_distance_by_step": (path.distances.mean(0) / filters).tolist(),
            "loss_by_step": path.losses.mean(0).tolist(),
        }
    return record


def _variation(settings: Mapping[str, Any], given: _Given) -> Record:
    """Accuracy on the episodes of the network's own record, evaluated in another way."""
    run = load_run(given.run_folder(settings["of"]))
    network = Ensemble(load_snapshots(run)) if "ensemble" in settings["how"] else run.network
    data, head = given.data.normalised_by(run.mean, run.std), run.config.head_name
    evaluator = evaluator_of(run.config, network, data, "test", flip_shots="flip shots" in settings["how"])
    evaluations = []
    for shape in held_out_shapes(data, "test", run.config.way):
        episodes = Episodes(data, "test", shape, EPISODE_SEED)
        accuracies = evaluator.accuracies(episodes, given.scale.episodes, given.progress)
        evaluations.append(described(head, episodes, accuracies, evaluator.batch_norm))
    return {"evaluations": evaluations}


def _domains(settings: Mapping[str, Any], given: _Given) -> Record:
    """Accuracy on several data sets (dissertation 6.4.7)."""
    run = load_run(given.run_folder(settings["of"]))
    test = EpisodeTest(shots=(DOMAIN_SHOTS,), episodes=_DOMAIN_TASKS, seed=EPISODE_SEED)
    return {"evaluations": evaluate_domains(run, given.domains, test, None, given.progress)}


_KINDS: Mapping[str, Callable[[Mapping[str, Any], _Given], Record]] = {
    "network": _network,
    "alignment": _alignment,
    "moves": _moves,
    "variation": _variation,
    "domains": _domains,
}
