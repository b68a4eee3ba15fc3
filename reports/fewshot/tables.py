"""The tables of chapter 5: networks trained, measured, and shown beside what was published."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.fewshot.class_images import FewShotData
from models.fewshot.readers.omniglot_runs import OmniglotRuns
from models.progress import Progress
from reports.claims.verdicts import claims_table, verdicts_on
from reports.fewshot.claims import PAIRS, claims_of
from reports.fewshot.experiments import measure_networks
from reports.fewshot.methods import measure_methods, methods_table
from reports.fewshot.published import PUBLISHED
from reports.fewshot.rows import Found, comparison
from reports.fewshot.scales import SCALES, Scale
from reports.fewshot.sets import official_runs, table_data
from reports.fewshot.step_times import step_times
from reports.fewshot.summaries import chosen_coefficients, summaries
from reports.fewshot.theorem_table import measure_theorem, theorem_table
from reports.fewshot.training_tables import TRAINING_TABLES
from reports.records.provenance import provenance
from reports.tables.beside import rendered
from reports.tables.results import write_results
from reports.tables.table import Table

_TIMED = "5.8"
_CLAIMS = "claims5"
_THEOREM = "theorem1"
_METHODS = "methods"
_TRIALS = 20_000  # of the theorem, in each setting


def train_tables(
    numbers: Sequence[str], *, data: Path | None, scale: str, seeds: int, out: Path, progress: Progress
) -> dict[str, Table]:
    """Trains what the tables `numbers` compare and writes `tables.json` and `tables.md` to `out`; returns the tables.

    data: a file of drawings, or a folder with CIFAR-FS, mini-ImageNet, pictures by class, Omniglot or CIFAR-10; None
    for the procedural set. scale: one of SCALES. seeds: how many, from 0.
    """
    size = SCALES[scale]
    results = measure_tables(numbers, table_data(data, size), size, range(seeds), out, progress, official_runs(data))
    return write_results(out, results, numbers, training_table)


def measure_tables(
    numbers: Sequence[str],
    data: FewShotData,
    scale: Scale,
    seeds: Sequence[int],
    out: Path,
    progress: Progress,
    official: OmniglotRuns | None = None,
    command: str | None = None,
) -> dict[str, Any]:
    """Trains and measures what the tables `numbers` need, with every seed; returns plain JSON values.

    out: keeps the runs of the networks, from which a killed run resumes. official: Omniglot's official runs, for the
    table of methods. command: what the results say they were made by; the command line if left out.
    """
    records = measure_networks(
        (name for number in numbers for name in TRAINING_TABLES[number]), data, scale, seeds, out, progress
    )
    chosen = chosen_coefficients(records)
    return {
        "networks": summaries(records),
        "chosen": chosen,
        "claims": verdicts_on(claims_of(chosen), records) if _CLAIMS in numbers else [],
        "times": step_times(data, scale, progress) if _TIMED in numbers else {},
        "methods": measure_methods(data, official, scale, seeds, out, progress) if _METHODS in numbers else {},
        "theorem": measure_theorem(_TRIALS, 0, progress) if _THEOREM in numbers else {},
        "scale": scale.name,
        "data": data.name,
        "data_digest": data.digest,
        "classes": {split: len(classes.counts) for split, classes in data.splits.items()},
        "seeds": list(seeds),
        **provenance(command=command),
    }


def training_table(number: str, results: Mapping[str, Any]) -> Table:
    """Table `number` from what `measure_tables` returned, with published columns beside ours."""
    if number == _THEOREM:
        return theorem_table(results["theorem"])
    if number == _METHODS:
        return methods_table(results["methods"], _ours(results))
    if number == _CLAIMS:
        note = f"{_CLAIMS_NOTE} {_ours(results)}"
        return claims_table(results["claims"], note, chapter=5, where="table", pairs=PAIRS)
    found = Found(
        summaries=results["networks"],
        data=results["data"].split(",")[0],
        chosen=results["chosen"],
        times=results["times"],
    )
    published, measured = comparison(PUBLISHED[number], found)
    return rendered(published, measured, f"{_NOTES.get(number, '')} {_ours(results)}".strip())


_CLAIMS_NOTE = "The standard error is over episodes or pairs, and over seeds as well if there are several."
_HEADS_NOTE = "Ours: MAML's column fine-tunes the whole network from a classifier of zeros, batch norm running."
_CHOICE_NOTE = "Ours: coefficients chosen by validation classes, SVM and batch norm running in all rows."
_TUNED_NOTE = "Ours: batch norm in mode episode (transductive) in all rows, the classical one included."
_ISOTROPIC_NOTE = "4R/(4 + R), which is not in the text: the R_HV of isotropic classes with the R_FC R of that row."
_NOTES = {
    "5.1": _HEADS_NOTE,
    "5.2": f"{_ISOTROPIC_NOTE} Ours: of test classes, and beside them of training classes, batch norm running.",
    "5.3": _CHOICE_NOTE,
    "5.4": "Ours: the biased estimate, which the text prints, and the unbiased one; coefficients as in Table 5.3, "
    "batch norm running.",
    "5.5": f"{_ISOTROPIC_NOTE} Ours: MAML's batch norms, trained on episodes' own statistics, have the fixed ones of "
    "all images of the split; MAML-C's are running.",
    "5.6": _TUNED_NOTE,
    "5.7": _HEADS_NOTE,
    "5.8": "Ours: on a CPU, medians of steps that took turns.",
    "5.9": "Ours: batch norm running.",
    "5.10": _TUNED_NOTE,
}


def _ours(results: Mapping[str, Any]) -> str:
    """What our numbers are from."""
    seeds = len(results["seeds"])
    several = f"{seeds} seeds, mean and half the range" if seeds > 1 else "1 seed"
    return f"Ours: scale {results['scale']}, {results['data']}, {several}."
