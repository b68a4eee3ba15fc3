"""The tables of chapter 3: recognisers trained, measured, and shown beside published numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.progress import Progress
from reports.claims.figures import cell_of
from reports.federated.experiments import Records, Study, measure_recognisers
from reports.federated.learners import CLIENTS, RELAY, ROUNDING, record_name
from reports.federated.plans import ROWS, TRAINING_TABLES
from reports.federated.published import PUBLISHED
from reports.federated.results import details, difference, moved_over_seeds, over_seeds
from reports.federated.scales import FEDERATED_SCALES
from reports.records.provenance import provenance
from reports.tables.beside import Measured, rendered
from reports.tables.extended import with_columns
from reports.tables.published import Column, Mark, PublishedTable, percent, text
from reports.tables.published import difference as difference_column
from reports.tables.results import write_results
from reports.tables.table import Table

_MOVED = "codes moved"
_OWN = {
    "rounding3": PublishedTable(
        "rounding3",
        "FedAVG's steps on clients, rounded to nearest or at random",
        (text("weights"), text("rounding")),
        tuple(ROUNDING),
        "Codes moved: the share that a client's step changes, in the last rounds.",
        labels=2,
    ),
    "relay3": PublishedTable(
        "relay3", "FedSGD with and without gradient relay", (text("weights"), text("relay")), tuple(RELAY), labels=2
    ),
}


def train_tables(
    numbers: Sequence[str], *, data: Path | None, scale: str, seeds: int, out: Path, progress: Progress
) -> dict[str, Table]:
    """Trains the recognisers of tables, writes `tables.json` and `tables.md` to `out`, and returns the tables.

    data: the Free Spoken Digit Dataset; None for tone words. scale: one of FEDERATED_SCALES. seeds: how many, from 0.
    Raises ValueError for another scale.
    """
    if scale not in FEDERATED_SCALES:
        raise ValueError(f"--scale is {scale}; chapter 3 has {', '.join(FEDERATED_SCALES)}")
    size = FEDERATED_SCALES[scale]
    results = measure_tables(numbers, Study(*size.read(data), size), range(seeds), out, progress)
    return write_results(out, results, numbers, training_table)


def measure_tables(
    numbers: Sequence[str],
    study: Study,
    seeds: Sequence[int],
    out: Path,
    progress: Progress,
    command: str | None = None,
) -> dict[str, Any]:
    """Trains and measures the recognisers of the tables `numbers` with every seed; returns plain JSON values.

    out: keeps the runs, from which a killed run resumes. command: that the results name as their origin; the command
    line if left out.
    """
    names = dict.fromkeys(name for number in numbers for name in TRAINING_TABLES[number])
    records = measure_recognisers(list(names), study, seeds, out, progress)
    first = next(iter(records.values()))[seeds[0]]["run"]
    return {
        "figures": over_seeds(records),
        "moved": moved_over_seeds(records),
        "differences": {number: _differences(number, records) for number in numbers},
        "data": f"{first['data']}, {first['utterances']:,} utterances, {first['held_out']} held out, "
        f"{first['rounds']} rounds, {first['parameters'] / 1e6:.2f} M parameters",
        "scale": study.scale.name,
        "seeds": list(seeds),
        "details": details(records),
        **provenance(command=command),
    }


def training_table(number: str, results: Mapping[str, Any]) -> Table:
    """Table `number` from a result of `measure_tables`, with published columns beside ours."""
    columns: list[Column] = []
    measured: dict[str, dict[str, Any]] = {row: {} for row in ROWS[number]}
    for clients, title in CLIENTS.items():
        columns += [percent(title), difference_column(f"{title}, difference")]
        for row, learner in ROWS[number].items():
            name = record_name(learner, clients)
            measured[row] |= {title: cell_of(results["figures"][name])}
            measured[row] |= {f"{title}, difference": cell_of(results["differences"][number].get(name)) or Mark.ABSENT}
        if number == "rounding3":
            columns.append(percent(f"{title}, {_MOVED}"))
            for row, learner in ROWS[number].items():
                measured[row] |= {f"{title}, {_MOVED}": cell_of(results["moved"][record_name(learner, clients)])}
    table = with_columns(PUBLISHED.get(number) or _OWN[number], tuple(columns))
    return rendered(table, _given(measured), _note(results))


def _differences(number: str, records: Records) -> dict[str, Any]:
    """The paired difference of each recogniser of a table to that of its first row, by name."""
    found: dict[str, Any] = {}
    for clients in CLIENTS:
        first, *others = (record_name(learner, clients) for learner in ROWS[number].values())
        found |= {name: difference(records, name, first) for name in others}
    return found


def _given(measured: Mapping[str, Mapping[str, Any]]) -> Measured:
    return {row: {name: cell for name, cell in own.items() if cell is not None} for row, own in measured.items()}


def _note(results: Mapping[str, Any]) -> str:
    several = f"{len(results['seeds'])} seeds" if len(results["seeds"]) > 1 else "1 seed"
    errors = "over utterances and seeds" if len(results["seeds"]) > 1 else "over utterances"
    return (
        f"Ours: word error rates, scale {results['scale']}, {several}, 1 SE {errors}; differences are paired, to the "
        f"first row, in points. {results['data']}, by clients with shuffled utterances (IID) or one speaker each. "
        "All start from a network that was trained on single words in floats, in one place; the text's were "
        "pre-trained on speech of industry scale. Rates do not compare with those published, orders do."
    )
