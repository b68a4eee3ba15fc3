"""The tables of chapter 7: encoders trained, measured, and shown beside published numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.fewshot.sources import FewShotSource
from models.progress import Progress
from models.selfsup.probes.settings import ProbeSettings
from reports.claims.verdicts import claims_table, verdicts_on
from reports.records.provenance import provenance
from reports.selfsup.claims import claims_of
from reports.selfsup.encoders.experiments import Encoders, Records, measure_encoders
from reports.selfsup.encoders.names import RAW_PIXELS, is_few_labels, is_transferred
from reports.selfsup.encoders.scales import SELF_SUPERVISED_SCALES, Scale
from reports.selfsup.encoders.sets import read_sets
from reports.selfsup.notes import note_of, ours
from reports.selfsup.plans import DOMAINS, IMAGENET_TABLES, TRAINING_TABLES
from reports.selfsup.results import details, differences_over_seeds, over_seeds
from reports.selfsup.rows import comparison
from reports.tables.beside import rendered
from reports.tables.results import write_results
from reports.tables.table import Table

_CLAIMS = "claims7"


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
    """Trains the encoders of the tables `numbers`, writes `tables.json` and `tables.md` to `out`, returns the tables.

    data: CIFAR-10, or folders of ImageNet for Tables 7.2 to 7.4 at scale `paper`; None for scikit-learn's digits.
    scale: one of SELF_SUPERVISED_SCALES. seeds: how many, from 0. on: data sets for Table 7.4.

    Raises ValueError for tables of CIFAR-10 and of ImageNet together.
    """
    size = SELF_SUPERVISED_SCALES[scale]
    imagenet = is_of_imagenet(numbers, size)
    targets = not set(DOMAINS).isdisjoint(numbers)
    sets = read_sets(data, on, size, range(seeds), imagenet=imagenet, targets=targets)
    results = measure_tables(numbers, Encoders(sets, size, imagenet), range(seeds), out, progress)
    return write_results(out, results, numbers, training_table)


def is_of_imagenet(numbers: Sequence[str], scale: Scale) -> bool:
    """Whether tables are of encoders trained on ImageNet. Raises ValueError if some are and others are not."""
    if scale.imagenet is None:
        return False
    large = [number for number in numbers if number in IMAGENET_TABLES]
    others = [number for number in numbers if number not in IMAGENET_TABLES]
    if large and others:
        raise ValueError(
            f"at scale {scale.name}, tables {', '.join(large)} are of ImageNet and {', '.join(others)} of CIFAR-10; "
            "--data names one of them, so the others need a command of their own"
        )
    return bool(large)


def measure_tables(
    numbers: Sequence[str],
    encoders: Encoders,
    seeds: Sequence[int],
    out: Path,
    progress: Progress,
    command: str | None = None,
) -> dict[str, Any]:
    """Trains and measures the encoders of the tables `numbers` with every seed; returns plain JSON values.

    out: keeps the runs of the encoders, from which a killed run resumes. command: that the results name as their
    origin; the command line if left out. Raises ValueError before any training if images do not suffice.
    """
    records = measure_encoders(wanted(numbers, encoders.scale, encoders.imagenet), encoders, seeds, out, progress)
    targets = [one.title for one in encoders.sets.targets]
    return {
        **summarised(records, targets, claims=_CLAIMS in numbers, same_units=not encoders.sets.by_seed),
        **described(encoders, seeds),
        "details": details(records),
        **provenance(command=command),
    }


def wanted(numbers: Sequence[str], scale: Scale, imagenet: bool) -> list[str]:
    """The records that tables need.

    Where ImageNet has encoders of its own, claims about these are left out, and so are its raw pixels, which are too
    large to keep in memory.
    """
    names = dict.fromkeys(name for number in numbers for name in TRAINING_TABLES[number])
    if scale.imagenet is None:
        return list(names)
    if imagenet:
        return [name for name in names if name != RAW_PIXELS]
    return [name for name in names if not (is_few_labels(name) or is_transferred(name))]


def summarised(records: Records, targets: Sequence[str], *, claims: bool, same_units: bool) -> dict[str, Any]:
    """Means, differences and claims of the records, as plain JSON values. same_units: see `mean_over_seeds`."""
    decided = claims_of(records, targets) if claims else []
    return {
        "figures": over_seeds(records, same_units=same_units),
        "differences": differences_over_seeds(records, same_units=same_units),
        "claims": verdicts_on(decided, records, same_units=same_units),
        "targets": list(targets),
    }


def described(encoders: Encoders, seeds: Sequence[int]) -> dict[str, Any]:
    """Data, training and probes of the encoders, as plain JSON values."""
    scale, first = encoders.scale, encoders.sets.training[seeds[0]]
    config = encoders.config(RAW_PIXELS, seeds[0])
    network = {"resnet18": "ResNet-18", "resnet50": "ResNet-50"}[config.encoder]
    width = "" if config.width is None else f" of width {config.width}"
    precision = {"no": "float32"}.get(scale.precision, scale.precision)
    labels = len(encoders.sets.labelled[seeds[0]].fitted(first.shape, encoders.recipe(seeds[0])).train.labels)
    return {
        "scale": scale.name,
        "imagenet": encoders.imagenet,
        "data": first.name,
        "data_digest": first.digest,
        "encoder": network,
        "training": f"{first.pictures.count:,} images, {config.epochs} epochs, {network}{width}, batch {config.batch}, "
        f"{config.optimizer} at {config.scaled_rate:g}, {precision}",
        "probes": {
            "linear": scale.linear,
            "labels": labels,
            "few_labels": _steps(scale.few_labels),
            "transfer": _steps(scale.transfer),
        },
        "splits_by_seed": encoders.sets.by_seed,
        "seeds": list(seeds),
    }


def _steps(settings: ProbeSettings) -> str:
    """The length of a fine-tuning."""
    (probe,) = settings.probe
    steps = sorted({settings.steps_of(probe, fraction) for fraction in settings.fractions_of(probe)})
    rates = sorted({rate for fraction in settings.fractions_of(probe) for rate in settings.rates_of(probe, fraction)})
    rate = ", ".join(f"{one:g}" for one in rates)
    return f"up to {' and '.join(f'{one:,}' for one in steps)} steps of {settings.batch_of(probe)} at rates of {rate}"


def training_table(number: str, results: Mapping[str, Any]) -> Table:
    """Table `number` from a result of `measure_tables`, with published columns beside ours."""
    if number == _CLAIMS:
        pairs = "on the same test images"
        return claims_table(results["claims"], ours(number, results), chapter=7, where="where", pairs=pairs)
    published, measured = comparison(number, results)
    return rendered(published, measured, note_of(number, results))
