"""Means of chapter 7's records over seeds, in percent, with their errors."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from reports.claims.claim import Values
from reports.claims.figures import Figure, figure_of
from reports.selfsup.encoders.experiments import Records
from reports.selfsup.encoders.measure import right_of
from reports.selfsup.encoders.names import LEARNERS, OPTIONS, ROTATIONS, trained, with_option

LINEAR, NEIGHBOURS = "linear", "k-NN"
FRACTIONS = {"1% of the labels": 0.01, "10% of the labels": 0.1}
"""Label fractions by the headings of Table 7.3."""

_METRICS = {"Flowers102": "mean_per_class", "Aircraft": "mean_per_class", "VOC2007": "mean_average_precision"}
"""The measures of Table 7.4 that are not top-1 accuracy, by data set."""


def rightness(measured: str) -> Values:
    """Whether each test image was classified right. measured: see `measured_of`."""

    def values(record: Mapping[str, Any]) -> Tensor:
        return right_of(_probe(record, measured))

    return values


def measured_of(record: Mapping[str, Any]) -> list[str]:
    """The measurements of an encoder: `linear` and `k-NN`, shares of the labels, or titles of data sets."""
    return [_heading(one) for one in record["probes"]]


def over_seeds(records: Records, *, same_units: bool) -> dict[str, dict[str, Figure]]:
    """All means, by record and by measurement. same_units: see `mean_over_seeds`."""
    return {
        name: {
            measured: figure_of([_score(one, measured) for one in by_seed.values()], same_units=same_units)
            for measured in measured_of(next(iter(by_seed.values())))
        }
        for name, by_seed in records.items()
    }


def differences_over_seeds(records: Records, *, same_units: bool) -> dict[str, dict[str, Figure]]:
    """The paired difference of every encoder with a rotation, or an option, to that without, by the former's name."""
    pairs = {trained(title, rotation): trained(title) for title in LEARNERS for rotation in ROTATIONS[1:]}
    pairs |= {with_option(*key): key[0] for key in OPTIONS}
    return {
        name: {measured: _difference(records, name, plain, measured, same_units) for measured in (LINEAR, NEIGHBOURS)}
        for name, plain in pairs.items()
        if name in records and plain in records
    }


def details(records: Records) -> dict[str, dict[str, Any]]:
    """The origin of every figure, by name and seed: the run's summary and the records of the probes."""
    return {
        name: {
            str(seed): {
                **record,
                "probes": [{key: one[key] for key in one if key != "right"} for one in record["probes"]],
            }
            for seed, record in by_seed.items()
        }
        for name, by_seed in records.items()
    }


def _difference(records: Records, name: str, other: str, measured: str, same_units: bool) -> Figure:
    pairs = zip(records[name].values(), records[other].values(), strict=True)
    differences = [_score(one, measured) - _score(less, measured) for one, less in pairs]
    return figure_of(differences, same_units=same_units)


def _score(record: Mapping[str, Any], measured: str) -> Tensor:
    """In percent: of each test image, or (1,) of a figure that is of all of them."""
    found = _probe(record, measured)
    if measured in _METRICS:
        return torch.tensor([100 * found[_METRICS[measured]]], dtype=torch.float64)
    return 100 * right_of(found)


def _probe(record: Mapping[str, Any], measured: str) -> Mapping[str, Any]:
    return next(one for one in record["probes"] if _heading(one) == measured)


def _heading(probe: Mapping[str, Any]) -> str:
    if probe["probe"] == "labels":
        return next(heading for heading, fraction in FRACTIONS.items() if fraction == probe["label_fraction"])
    if probe["probe"] == "fine-tuning":
        return str(probe["target"])
    return NEIGHBOURS if probe["probe"] == "knn" else LINEAR
