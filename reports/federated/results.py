"""Word error rates of chapter 3's records over seeds, in percent, with their errors."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from reports.claims.figures import Figure, figure_of
from reports.federated.experiments import Records
from reports.records.experiments import Record


def error_rates(heard: Mapping[str, Any]) -> Tensor:
    """Numbers of each utterance whose mean is the word error rate of all, in percent: (utterances,).

    The rate is a ratio of two sums. Its standard error is, to first order, that of the mean of these numbers, in which
    an utterance counts by how many more of its words are wrong than the rate lets expect.
    """
    wrong, said = (torch.tensor(heard[name], dtype=torch.float64) for name in ("wrong", "said"))
    rate = wrong.sum() / said.sum()
    return 100 * (rate + (wrong - rate * said) / said.mean())


def over_seeds(records: Records) -> dict[str, dict[str, Figure]]:
    """The word error rate of every recogniser, by record and held-out set."""
    return {
        name: {part: figure_of(_rates(by_seed, part), same_units=True) for part in _heard(by_seed)}
        for name, by_seed in records.items()
    }


def difference(records: Records, name: str, other: str) -> dict[str, Figure]:
    """How much higher the word error rate of one is, paired by seeds and utterances, by held-out set."""
    found = {}
    for part in _heard(records[name]):
        pairs = zip(_rates(records[name], part), _rates(records[other], part), strict=True)
        found[part] = figure_of([one - less for one, less in pairs], same_units=True)
    return found


def moved_over_seeds(records: Records) -> dict[str, Figure]:
    """The share of codes that a client's step moved in the last rounds, of recognisers that tell it."""
    last = {name: [one["run"]["last"] for one in by_seed.values()] for name, by_seed in records.items()}
    return {
        name: figure_of([torch.tensor([100 * one["moved"]]) for one in by_seed], same_units=True)
        for name, by_seed in last.items()
        if "moved" in by_seed[0]
    }


def details(records: Records) -> dict[str, dict[str, Any]]:
    """The run's summary of every record, by name and seed."""
    return {name: {str(seed): one["run"] for seed, one in by_seed.items()} for name, by_seed in records.items()}


def _heard(by_seed: Mapping[int, Record]) -> list[str]:
    """The names of the held-out sets."""
    return list(next(iter(by_seed.values()))["heard"])


def _rates(by_seed: Mapping[int, Record], part: str) -> list[Tensor]:
    return [error_rates(one["heard"][part]) for one in by_seed.values()]
