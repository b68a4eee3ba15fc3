"""The experiments behind the tables: a run for each network and seed, and what is measured of it or of two."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.held_out import SHOTS
from models.progress import Progress
from reports.fewshot.measure import RUN, measure
from reports.fewshot.networks import BACKBONES, NETWORKS, OLDEST_PARTS, Network, moves
from reports.fewshot.scales import Scale
from reports.records.experiments import Experiment, Record, run_experiments

_CODE = (
    *("models/backbones", "models/fewshot", "models/training"),
    *(f"reports/fewshot/{name}.py" for name in ("measure", "parts", "trained")),
)

_WAYS = 5

Records = dict[str, dict[int, Record]]
"""What was measured by network and seed. A comparison is under the names of both networks: `R2-D2-C ~ R2-D2-M`."""


def measure_networks(
    names: Iterable[str],
    data: FewShotData | Mapping[int, FewShotData],
    scale: Scale,
    seeds: Sequence[int],
    out: Path,
    progress: Progress,
    networks: Mapping[str, Network] = NETWORKS,
) -> Records:
    """Trains and measures networks with every seed. A run that was killed resumes from what `out` keeps.

    names: of networks, and of moves of networks. data: one set, or that of each seed. networks: those that names are
    of. Raises ValueError if a test class has too few images.
    """
    by_seed = data if isinstance(data, Mapping) else dict.fromkeys(seeds, data)
    experiments = _experiments(set(names), networks, by_seed, scale, seeds)
    sets = {one.digest: one for one in by_seed.values()}
    for one in sets.values():
        if experiments:
            check_test_images(one)
        for classes in one.splits.values():
            classes.images.share_memory_()  # type: ignore[no-untyped-call]
    records = run_experiments(
        experiments.values(),
        partial(_measure, sets=sets, scale=scale, networks=networks),
        out,
        progress,
        code=_CODE,
        inputs={"torch": torch.__version__, "scale": scale.name},
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


def network_config(
    name: str, seed: int, data: FewShotData, scale: Scale, networks: Mapping[str, Network] = NETWORKS
) -> FewShotConfig:
    """The run of a network: 5-way, or with fewer ways where a split has no more than five classes, as CIFAR-10's."""
    fewest_classes = min(len(classes.counts) for classes in data.splits.values())
    ways = min(_WAYS, fewest_classes - 1)
    return scale.configured(networks[name].settings, seed, ways, min(data.split("train").counts))


def run_folder(name: str, seed: int, out: Path) -> Path:
    """The run of a network that `measure_networks` trains in `out`."""
    return out / "runs" / _key(name, seed) / RUN


def _measure(
    experiment: Experiment,
    folder: Path,
    *,
    sets: Mapping[str, FewShotData],
    scale: Scale,
    networks: Mapping[str, Network],
) -> Record:
    """Carries out an experiment on its data set. sets: by digest."""
    return measure(experiment, folder, data=sets[experiment.settings["data"]], scale=scale, networks=networks)


def _key(name: str, seed: int) -> str:
    return f"{'-'.join(name.replace('_', '').split())}-seed-{seed}"


def _network(name: str, network: Network, config: FewShotConfig, data: str) -> Experiment:
    """data: digest of the data set. Parts are named since networks differ in them."""
    parts = {} if network.parts == OLDEST_PARTS else {"parts": list(network.parts)}
    settings = {"kind": "network", "network": name, "config": asdict(config), "data": data, **parts}
    return Experiment(_key(name, config.seed), settings)


def _experiments(
    wanted: Collection[str],
    networks: Mapping[str, Network],
    data: Mapping[int, FewShotData],
    scale: Scale,
    seeds: Sequence[int],
) -> dict[tuple[str, int], Experiment]:
    """What is to be trained and measured, by the names of `Records` and seed: parents before children."""
    names = [name for name in networks if name in wanted or moves(name) in wanted]
    experiments: dict[tuple[str, int], Experiment] = {}
    for name in names:
        for seed in seeds:
            config = network_config(name, seed, data[seed], scale, networks)
            experiments[name, seed] = _network(name, networks[name], config, data[seed].digest)
    for name, meta in _compared(names):
        for seed in seeds:
            pair = experiments[name, seed], experiments[meta, seed]
            settings = {"kind": "alignment", "networks": [one.key for one in pair], "data": data[seed].digest}
            experiments[f"{name} ~ {meta}", seed] = Experiment(f"{pair[0].key}~{pair[1].key}", settings, pair)
    for name in names:
        if moves(name) in wanted:
            for seed in seeds:
                network = experiments[name, seed]
                settings = {"kind": "moves", "moves": network.key, "data": data[seed].digest}
                experiments[moves(name), seed] = Experiment(f"{network.key}-moves", settings, (network,))
    return experiments


def _compared(names: list[str]) -> list[tuple[str, str]]:
    """Classically trained networks and the meta-learned one of the same backbone (Table 5.4)."""
    metas = [f"{backbone}-M" for backbone in BACKBONES]
    return [(name, meta) for meta in metas if meta in names for name in names if name.startswith(f"{meta[:-1]}C")]
