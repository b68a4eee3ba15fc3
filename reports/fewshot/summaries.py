"""What the records of networks come to, small enough to keep beside the tables."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import torch

from models.fewshot.statistics import estimate
from reports.fewshot.experiments import Records
from reports.fewshot.networks import BACKBONES, COEFFICIENTS, REGULARIZERS, regularized

_DEFAULT_COEFFICIENT = 0.05  # where there are no validation classes to choose one by


def summaries(records: Records) -> dict[str, dict[str, dict[str, Any]]]:
    """Each record by name and seed, with the mean and the standard error in place of single episodes and pairs."""
    return {
        name: {str(seed): _summary(record) for seed, record in by_seed.items()} for name, by_seed in records.items()
    }


def chosen_coefficients(records: Records) -> dict[str, dict[str, str]]:
    """For each backbone and regularizer, the network whose coefficient does best on validation classes, 1-shot."""
    return {
        backbone: {
            symbol: max(
                (regularized(backbone, symbol, coefficient) for coefficient in COEFFICIENTS),
                key=lambda name: _validation(records, name),
            )
            for symbol in REGULARIZERS
        }
        for backbone in BACKBONES
        if f"{backbone}-C" in records and regularized(backbone, "R_FC", COEFFICIENTS[0]) in records
    }


def _validation(records: Records, name: str) -> float:
    found = [record["validation"]["accuracies"] for record in records[name].values() if "validation" in record]
    if not found:
        return float(name.endswith(f" {_DEFAULT_COEFFICIENT:g}"))
    return fmean(fmean(accuracies) for accuracies in found)


def _summary(record: Mapping[str, Any]) -> dict[str, Any]:
    if "evaluations" not in record:
        return _without_units(record)
    found = {**record, "evaluations": [_estimated(one) for one in record["evaluations"]]}
    if "separation" in record:
        found["separation"] = {
            split: {symbol: _estimate(values) for symbol, values in by_symbol.items()}
            for split, by_symbol in record["separation"].items()
        }
    if "validation" in record:
        found["validation"] = _estimated(record["validation"])
    return found


def _without_units(record: Mapping[str, Any]) -> dict[str, Any]:
    """A comparison as it is; of fine-tuning that was followed, estimates in place of single tasks."""
    return {
        name: value
        if not isinstance(value, Mapping)
        else {**value}
        | {measured: _estimate(value[measured]) for measured in ("distances", "mean_distances", "remaining_loss")}
        for name, value in record.items()
    }


def _estimated(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in evaluation.items() if name != "accuracies"}
    return rest | {"episodes": len(evaluation["accuracies"])} | _estimate(evaluation["accuracies"])


def _estimate(values: Sequence[float]) -> dict[str, float]:
    return estimate(torch.tensor(values, dtype=torch.float64)).record
