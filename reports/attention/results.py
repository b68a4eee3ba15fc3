"""Means of chapter 4's records over seeds, in percent, with their errors."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from reports.attention.cells import ACCURACY, Measure
from reports.attention.networks.experiments import Records
from reports.claims.claim import Values
from reports.claims.figures import Figure, figure_of
from reports.claims.rightness import unpacked

_PLACE = " at "


def accuracy_at(length: int) -> Measure:
    """The accuracy of a classifier with runs of a length, which need not be its own."""
    return Measure(ACCURACY.task, f"{ACCURACY.figure}{_PLACE}{length}")


def values_of(measure: Measure) -> Values:
    """Shares of 1: whether each test image is classified right, or (1,) of a figure that is of all pictures.

    Average precision without any object is 0.
    """

    def values(record: Mapping[str, Any]) -> Tensor:
        if measure.task == ACCURACY.task:
            _, _, length = measure.figure.partition(_PLACE)
            right: Mapping[str, str] = record["right"]
            return unpacked(right[length or next(iter(right))], record["test_images"])
        return torch.tensor([record["figures"].get(measure.figure, 0.0)], dtype=torch.float64)

    return values


def over_seeds(records: Records) -> dict[str, dict[str, Figure]]:
    """All means by record and figure. Classifiers have `accuracy` and `accuracy at LENGTH`."""
    return {
        name: {
            measure.figure: figure_of([100 * values_of(measure)(one) for one in by_seed.values()], same_units=True)
            for measure in _measures(next(iter(by_seed.values())))
        }
        for name, by_seed in records.items()
    }


def details(records: Records) -> dict[str, dict[str, Any]]:
    """The run's summary of every record, by name and seed, with its figures."""
    kept = ("run", "figures", "test_images")
    return {
        name: {str(seed): {key: record[key] for key in kept if key in record} for seed, record in by_seed.items()}
        for name, by_seed in records.items()
    }


def _measures(record: Mapping[str, Any]) -> list[Measure]:
    if "right" in record:
        return [ACCURACY, *(accuracy_at(int(length)) for length in record["right"])]
    return [Measure(record["run"]["task"], figure) for figure in record["figures"]]
