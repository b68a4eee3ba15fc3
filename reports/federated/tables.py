"""The tables of chapter 3: recognisers trained, measured, and shown beside published numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.federated.training.sources import ClientKind
from models.progress import Progress
from reports.claims.figures import cell_of
from reports.federated.experiments import Records, Study, measure_recognisers
from reports.federated.learners import CLIENTS, RELAY, ROUNDING, parts_of, record_name
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
_HOLDERS: Mapping[ClientKind, str] = {"iid": "shuffled utterances (IID)", "speaker": "one speaker each"}
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

    data: the Free Spoken Digit Dataset, None for tone words; at scale paper, LibriSpeech. scale: one of
    FEDERATED_SCALES. seeds: how many, from 0.
    """
    size = FEDERATED_SCALES[scale]
    results = measure_tables(numbers, Study(size.read(data), size), range(seeds), out, progress)
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
    kinds = study.scale.clients
    names = dict.fromkeys(name for number in numbers for name in TRAINING_TABLES[number] if parts_of(name)[1] in kinds)
    records = measure_recognisers(list(names), study, seeds, out, progress)
    record = next(iter(records.values()))[seeds[0]]
    first, held_out = record["run"], sum(len(one["said"]) for one in record["heard"].values())
    return {
        "figures": over_seeds(records),
        "moved": moved_over_seeds(records),
        "differences": {number: _differences(number, records, kinds) for number in numbers},
        "clients": list(kinds),
        "heard": list(study.material.heard),
        "note": study.scale.note,
        "data": f"{first['data']}, {first['utterances']:,} utterances, {held_out:,} held out, "
        f"{first['rounds']} rounds, {first['parameters'] / 1e6:.2f} M parameters",
        "scale": study.scale.name,
        "seeds": list(seeds),
        "details": details(records),
        **provenance(command=command),
    }


def training_table(number: str, results: Mapping[str, Any]) -> Table:
    """Table `number` from a result of `measure_tables`, with published columns beside ours."""
    published = PUBLISHED.get(number) or _OWN[number]
    columns: list[Column] = []
    measured: dict[str, dict[str, Any]] = {row: {} for row in ROWS[number]}
    for clients in results["clients"]:
        for part in results["heard"]:
            title = part or CLIENTS[clients]
            if title not in published.headings:
                columns.append(percent(title))
            columns.append(difference_column(f"{title}, difference"))
            for row, learner in ROWS[number].items():
                name = record_name(learner, clients)
                less = results["differences"][number].get(name, {}).get(part)
                measured[row] |= {title: cell_of(results["figures"][name][part])}
                measured[row] |= {f"{title}, difference": cell_of(less) or Mark.ABSENT}
        if number == "rounding3":
            title = f"{CLIENTS[clients]}, {_MOVED}"
            columns.append(percent(title))
            for row, learner in ROWS[number].items():
                measured[row] |= {title: cell_of(results["moved"][record_name(learner, clients)])}
    return rendered(with_columns(published, tuple(columns)), _given(measured), _note(results))


def _differences(number: str, records: Records, kinds: Sequence[ClientKind]) -> dict[str, Any]:
    """The paired difference of each recogniser of a table to that of its first row, by name."""
    found: dict[str, Any] = {}
    for clients in kinds:
        first, *others = (record_name(learner, clients) for learner in ROWS[number].values())
        found |= {name: difference(records, name, first) for name in others}
    return found


def _given(measured: Mapping[str, Mapping[str, Any]]) -> Measured:
    return {row: {name: cell for name, cell in own.items() if cell is not None} for row, own in measured.items()}


def _note(results: Mapping[str, Any]) -> str:
    several = f"{len(results['seeds'])} seeds" if len(results["seeds"]) > 1 else "1 seed"
    errors = "over utterances and seeds" if len(results["seeds"]) > 1 else "over utterances"
    holders = " or ".join(_HOLDERS[kind] for kind in results["clients"])
    return (
        f"Ours: word error rates, scale {results['scale']}, {several}, 1 SE {errors}; differences are paired, to the "
        f"first row, in points. {results['data']}, by clients with {holders}. {results['note']}"
    )
