"""The experiments behind chapter 4's tables: a run for each network, task and seed."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from models.attention.training.settings import TaskName
from models.attention.training.tasks import task_of
from models.progress import Progress
from reports.attention.networks.measure import measure
from reports.attention.networks.names import NETWORKS, RUN_WITH, parts_of
from reports.attention.networks.scales import Scale
from reports.attention.networks.sets import Sets
from reports.records.experiments import Experiment, Record, run_by_seed

_CODE = (
    *("models/attention", "models/training"),
    *("reports/attention/networks/measure.py", "reports/claims/rightness.py"),
)

Records = dict[str, dict[int, Record]]
"""Records by name (see `names`) and seed."""


@dataclass(frozen=True)
class Study:
    """Networks of one scale, and the data that they are trained on and measured with."""

    sets: Sets
    scale: Scale

    def experiment(self, name: str, seed: int) -> Experiment:
        """The experiment of a record, with the classifier that it starts from."""
        network, task = parts_of(name)
        parents = () if task == "classify" else (self.experiment(network, seed),)
        settings = {
            "config": asdict(self.scale.configured(NETWORKS[network], task, seed)),
            "data": self.sets[task].digests,
            "lengths": self.lengths(network) if task == "classify" else [],
            "mixed_precision": self.scale.mixed_precision,
            "of": parents[0].key if parents else None,
            "trained": parents[0].settings if parents else None,
        }
        words = name.replace(",", "").replace(";", "").replace("/", "-").split()
        return Experiment(f"{'-'.join(words)}-seed-{seed}", settings, parents)

    def lengths(self, network: str) -> list[int]:
        """The lengths of runs that a classifier is measured with, its own first."""
        published = RUN_WITH.get(network, (NETWORKS[network]["length"],))
        return [self.scale.length(one) for one in published]

    def check(self, names: Iterable[str]) -> None:
        """Raises ValueError, before any training, if data and settings do not go together."""
        tasks: set[TaskName] = set()
        for network, task in map(parts_of, names):
            if task not in tasks:
                tasks.add(task)
                config = self.scale.configured(NETWORKS[network], task, 0)
                task_of(config).training(config, self.sets[task].training, 1)


def measure_networks(
    names: Sequence[str], study: Study, seeds: Sequence[int], out: Path, progress: Progress
) -> Records:
    """Trains and measures networks with every seed. A run that was killed resumes from what `out` keeps.

    names: of records. Raises ValueError, before any training, if data and settings do not go together.
    """
    study.check(names)
    for data in study.sets.values():
        data.share_memory()
    experiments = {(name, seed): study.experiment(name, seed) for name in dict.fromkeys(names) for seed in seeds}
    if not experiments:
        return {}
    return run_by_seed(
        experiments,
        partial(measure, sets=study.sets),
        out,
        progress,
        code=_CODE,
        inputs={"torch": torch.__version__},
    )


def needed_tasks(names: Iterable[str]) -> set[TaskName]:
    """The tasks whose data records need; segmenters and detectors start from classifiers."""
    tasks = {task for _, task in map(parts_of, names)}
    return tasks | {"classify"} if tasks else tasks
