"""What the records of chapter 6's networks come to over seeds: accuracies and paired differences, in percent."""

from collections.abc import Iterable, Sequence
from typing import Any

from reports.claims.claim import Values
from reports.claims.over_seeds import mean_over_seeds
from reports.fewshot.augmentation.cells import CELLS, Cell, domain_networks
from reports.fewshot.augmentation.claims import accuracies_of, accuracies_on
from reports.fewshot.augmentation.sets import title
from reports.fewshot.experiments import Records
from reports.fewshot.networks import SHOTS

Figure = dict[str, float | None]
"""A mean and its standard error."""


def accuracies_over_seeds(records: Records, *, same_units: bool) -> dict[str, dict[str, Figure]]:
    """The accuracy of every network of the tables, by its name and shots. same_units: see `mean_over_seeds`."""
    names = dict.fromkeys(cell.network for cell in _cells())
    return {
        name: {str(shot): _figure(records, name, None, accuracies_of(shot), same_units) for shot in SHOTS.values()}
        for name in names
        if name in records
    }


def differences_over_seeds(records: Records, *, same_units: bool) -> dict[str, dict[str, Figure]]:
    """The paired difference of every network to its baseline, by both names and shots."""
    found: dict[str, dict[str, Figure]] = {}
    for name, shot, baseline in _cells():
        if baseline is not None and name in records and baseline in records:
            figure = _figure(records, name, baseline, accuracies_of(shot), same_units)
            found.setdefault(pair(name, baseline), {})[str(shot)] = figure
    return found


def domains_over_seeds(records: Records) -> list[dict[str, Any]]:
    """Accuracies and differences of Table 6.7 on each data set, by the headings of its columns.

    same_episodes: whether they are the same with all seeds. If not, since each seed has a class split of its own, the
    errors are over seeds (see `mean_over_seeds`).
    """
    networks = domain_networks()
    first = next((records[name] for name, _ in networks.values() if name in records), None)
    if first is None:
        return []
    found = []
    for number, one in enumerate(next(iter(first.values()))["evaluations"]):
        values = accuracies_on(number)
        same = len({record["evaluations"][number]["episode_digest"] for record in first.values()}) == 1
        figures = {heading: _figure(records, name, None, values, same) for heading, (name, _) in networks.items()}
        differences = {
            heading: _figure(records, name, less, values, same)
            for heading, (name, less) in networks.items()
            if less is not None
        }
        about = {key: one[key] for key in ("way", "shot", "query", "episodes", "classes")} | {"same_episodes": same}
        found.append({"data": title(one["data"]), **about, "accuracies": figures, "differences": differences})
    return found


def pair(name: str, baseline: str) -> str:
    """The name of a difference."""
    return f"{name} - {baseline}"


def pool_logs(records: Records, names: Iterable[str]) -> dict[str, dict[str, Figure]]:
    """What Meta-MaxUp did with its pool, by network and entry: means over seeds."""
    found: dict[str, dict[str, Figure]] = {}
    for name in names:
        if name in records:
            by_seed = [record["pool"] for record in records[name].values()]
            found[name] = {
                entry: {kind: _mean([one[entry][kind] for one in by_seed]) for kind in by_seed[0][entry]}
                for entry in by_seed[0]
            }
    return found


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _cells() -> list[Cell]:
    return [cell for rows in CELLS.values() for row in rows.values() for cell in row.values()]


def _figure(records: Records, name: str, less: str | None, values: Values, same_units: bool) -> Figure:
    """The mean accuracy of a network, or of its paired difference to the network `less`."""
    measured = [100 * values(record) for record in records[name].values()]
    if less is not None:
        measured = [one - 100 * values(records[less][seed]) for one, seed in zip(measured, records[less], strict=True)]
    found = mean_over_seeds(measured, same_units=same_units)
    return {"mean": found.mean, "standard_error": found.standard_error}
