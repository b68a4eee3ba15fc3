"""The experiments behind chapter 5's tables: a run for each network and seed, and comparisons of two."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.held_out import SHOTS
from models.progress import Progress
from reports.fewshot.measure import RUN, measure
from reports.fewshot.networks import BACKBONES, NETWORKS, moves
from reports.fewshot.scales import Scale
from reports.records.experiments import Experiment, Record, run_experiments

_CODE = ("models/backbones", "models/fewshot", "models/training", "reports/fewshot/measure.py")

_WAYS = 5

Records = dict[str, dict[int, Record]]
"""What was measured by network and seed. A comparison is under the names of both networks: `R2-D2-C ~ R2-D2-M`."""


def measure_networks(
    names: Iterable[str],
    data: FewShotData,
    scale: Scale,
    seeds: Sequence[int],
    out: Path,
    progress: Progress,
) -> Records:
    """Trains and measures networks with every seed. A run that was killed resumes from what `out` keeps.

    names: of networks, and of moves of networks. Raises ValueError if a test class has too few images.
    """
    experiments = _experiments(set(names), data, scale, seeds)
    if experiments:
        check_test_images(data)
    for classes in data.splits.values():
        classes.images.share_memory_()  # type: ignore[no-untyped-call]
    records = run_experiments(
        experiments.values(),
        partial(measure, data=data, scale=scale),
        out,
        progress,
        code=_CODE,
        inputs={"torch": torch.__version__, "data": data.digest, "scale": scale.name},
    )
    found: Records = {}
    for (name, seed), experiment in experiments.items():
        found.setdefault(name, {})[seed] = records[experiment.key]
    return found


def check_test_images(data: FewShotData) -> None:
    """Raises ValueError if a test class has no image left for queries after the shots of the tables."""
    classes = data.split("test")
    fewest = min(classes.counts)
    if fewest <= max(SHOTS):
        raise ValueError(
            f"class {classes.names[classes.counts.index(fewest)]} of {data.name} has {fewest} images in test; "
            f"the tables' {max(SHOTS)} shots and a query need {max(SHOTS) + 1}"
        )


def network_config(name: str, seed: int, data: FewShotData, scale: Scale) -> FewShotConfig:
    """The run of a network: 5-way, or with fewer ways where a split has no more than five classes, as CIFAR-10's."""
    fewest_classes = min(len(classes.counts) for classes in data.splits.values())
    ways = min(_WAYS, fewest_classes - 1)
    return scale.configured(NETWORKS[name].settings, seed, ways, min(data.split("train").counts))


def run_folder(name: str, seed: int, out: Path) -> Path:
    """The run of a network that `measure_networks` trains in `out`."""
    return out / "runs" / _key(name, seed) / RUN


def _key(name: str, seed: int) -> str:
    return f"{'-'.join(name.replace('_', '').split())}-seed-{seed}"


def _network(name: str, config: FewShotConfig) -> Experiment:
    return Experiment(_key(name, config.seed), {"kind": "network", "network": name, "config": asdict(config)})


def _experiments(
    wanted: Collection[str], data: FewShotData, scale: Scale, seeds: Sequence[int]
) -> dict[tuple[str, int], Experiment]:
    """What is to be trained and measured, by the names of `Records` and seed: parents before children."""
    names = [name for name in NETWORKS if name in wanted or moves(name) in wanted]
    experiments = {
        (name, seed): _network(name, network_config(name, seed, data, scale)) for name in names for seed in seeds
    }
    for name, meta in _compared(names):
        for seed in seeds:
            pair = experiments[name, seed], experiments[meta, seed]
            experiments[f"{name} ~ {meta}", seed] = Experiment(
                f"{pair[0].key}~{pair[1].key}", {"kind": "alignment", "networks": [one.key for one in pair]}, pair
            )
    for name in names:
        if moves(name) in wanted:
            for seed in seeds:
                network = experiments[name, seed]
                experiments[moves(name), seed] = Experiment(
                    f"{network.key}-moves", {"kind": "moves", "moves": network.key}, (network,)
                )
    return experiments


def _compared(names: list[str]) -> list[tuple[str, str]]:
    """Classically trained networks and the meta-learned one of the same backbone (Table 5.4)."""
    metas = [f"{backbone}-M" for backbone in BACKBONES]
    return [(name, meta) for meta in metas if meta in names for name in names if name.startswith(f"{meta[:-1]}C")]
