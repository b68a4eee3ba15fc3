"""The experiments behind the tables: a run for each network and seed, and what is measured of it or of two."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import get_args

import torch

from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.held_out import SHOTS
from models.progress import Progress
from reports.fewshot.measure import RUN, measure
from reports.fewshot.networks import BACKBONES, NETWORKS, OLDEST_PARTS, Network, Variation, across, moves, varied
from reports.fewshot.scales import Scale
from reports.records.experiments import Experiment, Record, run_by_seed

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
    domains: Mapping[int, Sequence[FewShotData]] | None = None,
) -> Records:
    """Trains and measures networks with every seed. A run that was killed resumes from what `out` keeps.

    names: of networks, and of what is measured of networks (`moves`, `varied`, `across`). data: one set, or that of
    each seed. networks: those that names are of. domains: the data sets of `across`, of each seed. Raises ValueError if
    a test class has too few images, or training classes are too few or small for a network.
    """
    by_seed = data if isinstance(data, Mapping) else dict.fromkeys(seeds, data)
    study = _Study(networks, by_seed, scale, domains or {})
    experiments = _experiments(set(names), study, seeds)
    if experiments:
        for one in by_seed.values():
            check_test_images(one)
    sets = {
        one.digest: one for one in [*by_seed.values(), *(each for found in study.domains.values() for each in found)]
    }
    for one in sets.values():
        for classes in one.splits.values():
            classes.images.share_memory_()  # type: ignore[no-untyped-call]
    return run_by_seed(
        experiments,
        partial(_measure, sets=sets, scale=scale, networks=networks),
        out,
        progress,
        code=_CODE,
        inputs={"torch": torch.__version__, "scale": scale.name},
    )


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
    """The run of a network: 5-way, or with fewer ways where a split has no more than five classes, as CIFAR-10's.

    Training episodes have at most as many ways as there are classes, a pool of tasks at least as many as use them all.
    """
    classes = {split: len(found.counts) for split, found in data.splits.items()}
    ways = min(_WAYS, min(classes.values()) - 1)
    shots = {"shot": scale.shots[data.name]} if data.name in scale.shots else {}
    config = scale.configured({**shots, **networks[name].settings}, seed, ways, min(data.split("train").counts))
    if config.trained_way > classes["train"]:
        config = replace(config, training_way=classes["train"])
    if config.pools.task_pool is not None:
        least = -(-classes["train"] // config.trained_way)
        config = replace(config, pools=replace(config.pools, task_pool=max(config.pools.task_pool, least)))
    return config


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
    """Carries out an experiment on its data sets. sets: by digest."""
    data = sets[experiment.settings["data"]]
    domains = [sets[digest] for digest in experiment.settings.get("domains", [])]
    return measure(experiment, folder, data=data, scale=scale, networks=networks, domains=domains)


@dataclass(frozen=True)
class _Study:
    """Networks, data by seed and their scale. domains: further data sets, by seed."""

    networks: Mapping[str, Network]
    data: Mapping[int, FewShotData]
    scale: Scale
    domains: Mapping[int, Sequence[FewShotData]]


def _key(name: str, seed: int) -> str:
    return f"{'-'.join(name.replace('_', '').replace(':', '-').replace(',', '').split())}-seed-{seed}"


def _network(name: str, network: Network, config: FewShotConfig, data: str) -> Experiment:
    """data: digest of the data set. Parts are named since networks differ in them."""
    parts = {} if network.parts == OLDEST_PARTS else {"parts": list(network.parts)}
    settings = {"kind": "network", "network": name, "config": asdict(config), "data": data, **parts}
    return Experiment(_key(name, config.seed), settings)


def _experiments(wanted: Collection[str], study: _Study, seeds: Sequence[int]) -> dict[tuple[str, int], Experiment]:
    """What is to be trained and measured, by the names of `Records` and seed: parents before children."""
    names = [name for name in study.networks if not {name, *_offered(name)}.isdisjoint(wanted)]
    experiments: dict[tuple[str, int], Experiment] = {}
    for name in names:
        for seed in seeds:
            config = network_config(name, seed, study.data[seed], study.scale, study.networks)
            experiments[name, seed] = _network(name, study.networks[name], config, study.data[seed].digest)
    for name, meta in _compared(names):
        for seed in seeds:
            pair = experiments[name, seed], experiments[meta, seed]
            settings = {"kind": "alignment", "networks": [one.key for one in pair], "data": study.data[seed].digest}
            experiments[f"{name} ~ {meta}", seed] = Experiment(f"{pair[0].key}~{pair[1].key}", settings, pair)
    for name in names:
        for seed in seeds:
            further = _further(name, experiments[name, seed], [one.digest for one in study.domains.get(seed, ())])
            experiments |= {(found, seed): one for found, one in further.items() if found in wanted}
    return experiments


def _offered(name: str) -> list[str]:
    """The names of what can be measured of a network besides its own record."""
    return [moves(name), across(name), *(varied(name, how) for how in get_args(Variation))]


def _further(name: str, network: Experiment, domains: Sequence[str]) -> dict[str, Experiment]:
    """What can be measured of a network, by name. domains: digests of data sets."""
    data = {"data": network.settings["data"]}
    found = {
        moves(name): Experiment(f"{network.key}-moves", {"kind": "moves", "moves": network.key, **data}, (network,))
    }
    of = {"of": network.key, "trained": network.settings, **data}
    found[across(name)] = Experiment(
        f"{network.key}-across-domains", {"kind": "domains", "domains": list(domains), **of}, (network,)
    )
    for how in get_args(Variation):
        key = f"{network.key}-{how.replace(',', '').replace(' ', '-')}"
        found[varied(name, how)] = Experiment(key, {"kind": "variation", "how": how, **of}, (network,))
    return found


def _compared(names: list[str]) -> list[tuple[str, str]]:
    """Classically trained networks and the meta-learned one of the same backbone (Table 5.4)."""
    metas = [f"{backbone}-M" for backbone in BACKBONES]
    return [(name, meta) for meta in metas if meta in names for name in names if name.startswith(f"{meta[:-1]}C")]
