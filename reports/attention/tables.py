"""The tables of chapter 4: networks trained, measured, timed, and shown beside published numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.attention.backbones.architectures import ARCHITECTURES
from models.attention.training.settings import TaskName
from models.progress import Progress
from models.torchvision_package import installed_version
from reports.attention.backbones import BackboneChoice, backbone_sizes
from reports.attention.claims import claims_of
from reports.attention.latencies import counted_operations, measured_latencies
from reports.attention.networks.experiments import Records, Study, measure_networks, needed_tasks
from reports.attention.networks.names import DEFAULT_LENGTH, LENGTHS, NETWORKS, parts_of
from reports.attention.networks.scales import ATTENTION_SCALES, Scale
from reports.attention.networks.sets import read_sets
from reports.attention.notes import note_of, ours
from reports.attention.plans import TRAINING_TABLES
from reports.attention.results import details, over_seeds
from reports.attention.rows import comparison
from reports.claims.verdicts import claims_table, verdicts_on
from reports.records.provenance import provenance
from reports.tables.beside import rendered
from reports.tables.results import write_results
from reports.tables.table import Table

_CLAIMS, _SIZES = "claims4", "4.4"
_PAIRS = "on the same test images; mIoU and AP over seeds alone"


def train_tables(
    numbers: Sequence[str], *, data: Path | None, scale: str, seeds: int, out: Path, progress: Progress
) -> dict[str, Table]:
    """Trains the networks of the tables `numbers`, writes `tables.json` and `tables.md` to `out`, returns the tables.

    data: CIFAR-10, or None for scikit-learn's digits; at scale `paper`, the folder that holds `imagenet`, `ade20k` and
    `coco`. scale: one of ATTENTION_SCALES. seeds: how many, from 0.
    """
    size = ATTENTION_SCALES[scale]
    study = Study(read_sets(data, size, needed_tasks(wanted(numbers, size))), size)
    return write_results(out, measure_tables(numbers, study, range(seeds), out, progress), numbers, training_table)


def measure_tables(
    numbers: Sequence[str],
    study: Study,
    seeds: Sequence[int],
    out: Path,
    progress: Progress,
    command: str | None = None,
) -> dict[str, Any]:
    """Trains and measures the networks of the tables `numbers` with every seed; returns plain JSON values.

    Latencies are taken when all trainings are over. out: keeps the runs of the networks, from which a killed run
    resumes. command: that the results name as their origin; the command line if left out. Raises ValueError before any
    training if data and settings do not go together.
    """
    scale = study.scale
    names = wanted(numbers, scale)
    records = measure_networks(names, study, seeds, out, progress)
    return {
        "figures": over_seeds(records),
        "claims": verdicts_on(claims_of(records, scale) if _CLAIMS in numbers else [], records),
        "sizes": _sizes(progress) if _SIZES in numbers else [],
        "latencies": measured_latencies(numbers, scale.rounds, out, progress),
        "operations": counted_operations(numbers, out, progress),
        "lengths": {str(one): scale.length(one) for one in LENGTHS},
        "tasks": _tasks(records, scale),
        "detects": installed_version() is not None,
        "untrained": {number: _untrained(number, scale) for number in numbers},
        "scale": scale.name,
        "published_data": scale.has_published_data,
        "seeds": list(seeds),
        "details": details(records),
        **provenance(command=command),
    }


def wanted(numbers: Sequence[str], scale: Scale) -> list[str]:
    """The records that tables need and this scale has; those of detectors need torchvision."""
    names = dict.fromkeys(name for number in numbers for name in TRAINING_TABLES[number])
    return [name for name in names if _is_trained(name, scale)]


def training_table(number: str, results: Mapping[str, Any]) -> Table:
    """Table `number` from a result of `measure_tables`, with published columns beside ours."""
    if number == _CLAIMS:
        return claims_table(results["claims"], ours(number, results), chapter=4, where="table", pairs=_PAIRS)
    published, measured = comparison(number, results)
    return rendered(published, measured, note_of(number, results))


def _is_trained(name: str, scale: Scale) -> bool:
    network, task = parts_of(name)
    return NETWORKS[network]["network"] in scale.architectures and (task != "detect" or installed_version() is not None)


def _untrained(number: str, scale: Scale) -> list[str]:
    """Rows of Table 4.4 whose networks a table has, but the scale does not train."""
    found = dict.fromkeys(NETWORKS[parts_of(name)[0]]["network"] for name in TRAINING_TABLES[number])
    return [ARCHITECTURES[name].row for name in found if name not in scale.architectures]


def _sizes(progress: Progress) -> list[dict[str, Any]]:
    choice = BackboneChoice(names=(), mixers=None, norm=None, length=49, height=224, width=224)
    return backbone_sizes(choice, progress)


def _tasks(records: Records, scale: Scale) -> dict[TaskName, str]:
    """Data and training of each task that networks learnt."""
    first = {parts_of(name)[1]: (name, by_seed) for name, by_seed in reversed(records.items())}
    return {task: _described(name, next(iter(by_seed.values())), scale) for task, (name, by_seed) in first.items()}


def _described(name: str, record: Mapping[str, Any], scale: Scale) -> str:
    run, (network, task) = record["run"], parts_of(name)
    height, width = run["image_shape"][1:]
    config = scale.configured(NETWORKS[network], task, run["seed"])
    length = f"steps: {run['steps']:,}" if config.epochs is None else f"epochs: {config.epochs}"
    return (
        f"{run['data']} (digest {run['data_digest']}), {run['train_images']:,} images of {height} x {width}, {length}, "
        f"batch {config.batch_size}, width {config.width:g}, runs of {scale.length(DEFAULT_LENGTH, task)} tokens for "
        f"{DEFAULT_LENGTH}"
    )
