"""The tables of chapter 6: networks trained, measured, and shown beside what was published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.fewshot.class_images import FewShotData
from models.fewshot.learners import build_method, build_network
from models.fewshot.pools.classes import training_data
from models.fewshot.sources import FewShotSource
from models.progress import Progress
from reports.claims.verdicts import claims_table, verdicts_on
from reports.fewshot.augmentation.cells import pooled_networks
from reports.fewshot.augmentation.claims import augmentation_claims, domain_claims
from reports.fewshot.augmentation.networks import AUGMENTED_NETWORKS, TRAIN_AND_VALIDATION
from reports.fewshot.augmentation.notes import note_of, ours
from reports.fewshot.augmentation.plans import DOMAINS, TRAINING_TABLES
from reports.fewshot.augmentation.published import PUBLISHED
from reports.fewshot.augmentation.results import (
    accuracies_over_seeds,
    differences_over_seeds,
    domains_over_seeds,
    pool_logs,
)
from reports.fewshot.augmentation.rows import comparison, pools_table
from reports.fewshot.augmentation.scales import AUGMENTED_SCALES
from reports.fewshot.augmentation.sets import Sets, read_sets, title, without_split
from reports.fewshot.augmentation.times import augmentation_times
from reports.fewshot.claims import PAIRS
from reports.fewshot.experiments import Records, measure_networks, network_config
from reports.fewshot.networks import is_across, network_of
from reports.fewshot.scales import Scale
from reports.fewshot.summaries import summaries
from reports.records.provenance import provenance
from reports.tables.beside import rendered
from reports.tables.results import write_results
from reports.tables.table import Table

_TIMED, _CLAIMS, _POOLS = "6.9", "claims6", "pools6"


def train_tables(
    numbers: Sequence[str],
    *,
    data: Path | None,
    scale: str,
    seeds: int,
    out: Path,
    progress: Progress,
    on: Sequence[FewShotSource] = (),
) -> dict[str, Table]:
    """Trains what the tables `numbers` compare and writes `tables.json` and `tables.md` to `out`; returns the tables.

    data: as of chapter 5. scale: one of AUGMENTED_SCALES. seeds: how many, from 0. on: further data sets, for Table 6.7
    and the claims about it.
    """
    size = AUGMENTED_SCALES[scale]
    sets = read_sets(data, on, size, range(seeds), across=not set(DOMAINS).isdisjoint(numbers))
    results = measure_tables(numbers, sets, size, range(seeds), out, progress)
    return write_results(out, results, numbers, training_table)


def measure_tables(
    numbers: Sequence[str],
    sets: Sets,
    scale: Scale,
    seeds: Sequence[int],
    out: Path,
    progress: Progress,
    command: str | None = None,
) -> dict[str, Any]:
    """Trains and measures what the tables `numbers` need, with every seed; returns plain JSON values.

    out: keeps the runs of the networks, from which a killed run resumes. command: what the results say they were made
    by; the command line if left out. Raises ValueError before any training if the data does not suffice.
    """
    first = sets.data[seeds[0]]
    names = wanted(numbers, validation="val" in first.splits, domains=sets.others)
    check(names, sets, scale, seeds)
    by_seed = len({one.digest for one in sets.data.values()}) > 1
    records = measure_parts(names, sets, scale, seeds, out, progress)
    return {
        "networks": summaries(records),
        **over_seeds(records, claims=_CLAIMS in numbers, others=sets.others, same_units=not by_seed),
        "times": augmentation_times(first, scale, progress) if _TIMED in numbers else {},
        "scale": scale.name,
        "standard": bool(scale.common.get("standard")),
        "name": title(first.name),
        "data": without_split(first.name) if by_seed else first.name,
        "trained_on": sets.named,
        "digests": {str(seed): one.digest for seed, one in sets.data.items()},
        "splits_by_seed": by_seed,
        "validation": "val" in first.splits,
        "classes": {split: len(classes.counts) for split, classes in first.splits.items()},
        "seeds": list(seeds),
        **provenance(command=command),
    }


def measure_parts(
    names: Sequence[str], sets: Sets, scale: Scale, seeds: Sequence[int], out: Path, progress: Progress
) -> Records:
    """The records of networks, each on the data that it is trained on.

    A network across domains starts from one of a plain name, which may be trained on other data than the network that a
    table shows under that name.
    """
    records: Records = {}
    for part, data, folder in _parts(names, sets):
        found = measure_networks(part, data, scale, seeds, out / folder, progress, AUGMENTED_NETWORKS, sets.domains)
        records |= {name: found[name] for name in part}
    return records


def over_seeds(records: Records, *, claims: bool, others: int, same_units: bool) -> dict[str, Any]:
    """What the tables show of the records, as plain JSON values.

    claims: whether to decide them. others: how many of the domains are not of the kind that is trained on. same_units:
    of evaluations on test classes of what is trained on, see `mean_over_seeds`.
    """
    domains = domains_over_seeds(records)
    decided = verdicts_on(augmentation_claims(), records, same_units=same_units) if claims else []
    if claims and domains:
        on_domains = domain_claims([one["data"] for one in domains], others)
        decided += verdicts_on(on_domains, records, same_units=all(one["same_episodes"] for one in domains))
    return {
        "accuracies": accuracies_over_seeds(records, same_units=same_units),
        "differences": differences_over_seeds(records, same_units=same_units),
        "domains": domains,
        "pools": pool_logs(records, pooled_networks().values()),
        "claims": decided,
    }


def wanted(numbers: Iterable[str], *, validation: bool, domains: int) -> list[str]:
    """The networks of the tables, without those that lack data.

    validation: whether there are validation classes to train on. domains: how many data sets of other kinds there are,
    without which the claims about them have no networks.
    """
    found: list[str] = []
    for number in numbers:
        names = TRAINING_TABLES[number]
        found += [name for name in names if domains or number != _CLAIMS or not is_across(name)]
    return [name for name in dict.fromkeys(found) if validation or TRAIN_AND_VALIDATION not in name]


def check(names: Sequence[str], sets: Sets, scale: Scale, seeds: Sequence[int]) -> None:
    """Raises ValueError if training classes or their images are too few for a network."""
    for part, source, _ in _parts(names, sets):
        for name in dict.fromkeys(map(network_of, part)):
            for seed in seeds:
                config = replace(network_config(name, seed, source[seed], scale, AUGMENTED_NETWORKS), width=1)
                data = training_data(source[seed], config.pools.train_on)
                try:
                    build_method(config, build_network(config, data.shape), data, None)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from error


def training_table(number: str, results: Mapping[str, Any]) -> Table:
    """Table `number` from what `measure_tables` returned, with published columns beside ours."""
    if number == _CLAIMS:
        note = note_of(number, results)
        return claims_table(results["claims"], note, chapter=6, where="section", pairs=PAIRS)
    if number == _POOLS:
        return pools_table(results, ours(number, results))
    published, measured = comparison(PUBLISHED[number], results)
    return rendered(published, measured, note_of(number, results))


def _parts(names: Sequence[str], sets: Sets) -> list[tuple[list[str], Mapping[int, FewShotData], str]]:
    """Networks with the data that they are trained on, and the folder of their runs within that of the results."""
    across = [name for name in names if is_across(name)]
    if sets.source is sets.data or not across:
        return [(list(names), sets.data, "")]
    return [([name for name in names if name not in across], sets.data, ""), (across, sets.source, "designers")]
