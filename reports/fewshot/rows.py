"""Measured numbers of Tables 5.1 to 5.10, by row and column, from the summaries of the networks behind them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from models.fewshot.measures import isotropic_hyperplane_variation
from reports.fewshot.networks import (
    BACKBONES,
    BEST_PULL,
    COEFFICIENTS,
    PULLS,
    REGULARIZERS,
    pulled,
    regularized,
    transfer_rows,
)
from reports.tables.beside import Measured
from reports.tables.extended import with_columns, with_rows
from reports.tables.published import Column, PublishedTable, number, percent

Summaries = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Summaries by the network's name and the seed."""

_ISOTROPIC = "4R/(4 + R)"
_HEADINGS = {"SVM": "svm", "RR": "ridge", "ProtoNet": "prototype", "MAML": "fine-tuning"}
_SHOTS = {"1-shot": 1, "5-shot": 5}


@dataclass(frozen=True)
class Found:
    """What the tables show of ours. data: the data set's name. chosen: networks of the chosen coefficients. times: see
    `step_times`."""

    summaries: Summaries
    data: str
    chosen: Mapping[str, Mapping[str, str]]
    times: Mapping[str, Mapping[str, float]]


def comparison(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    """A published table, with rows and columns for what it has no place for, and our numbers."""
    return _COMPARISONS[table.number](table, found)


def _accuracy(found: Found, name: str, head: str, shot: int) -> list[float]:
    """The accuracy in percent with each seed."""
    return [
        100 * one["mean"]
        for summary in found.summaries[name].values()
        for one in summary["evaluations"]
        if (one["head"], one["shot"]) == (head, shot)
    ]


def _separation(found: Found, name: str, split: str) -> dict[str, list[float]]:
    return {
        symbol: [summary["separation"][split][symbol]["mean"] for summary in found.summaries[name].values()]
        for symbol in REGULARIZERS
    }


def _by_heads(shot: int) -> "Compare":
    def compare(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
        return table, {
            name: {heading: _accuracy(found, name, head, shot) for heading, head in _HEADINGS.items()}
            for name in table.names
        }

    return compare


def _class_separation(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    names = [f"{backbone}-{kind}" for backbone in BACKBONES for kind in "MC"]
    table = _with_isotropic(with_rows(table, [(name, found.data) for name in names]), 2)
    return with_columns(table, _of_split("training", 2)), {
        f"{name}, {found.data}": _with_isotropic_of(_separation(found, name, "test"))
        | _named(_separation(found, name, "train"), "training")
        for name in names
    }


def _transfer(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    table, headings = _with_data(table, found)
    return table, {
        row: {heading: _accuracy(found, name, "svm", shot) for heading, shot in headings.items()}
        for row, name in transfer_rows(found.chosen).items()
    }


def _alignment(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    table = with_rows(table, [(backbone, found.data) for backbone in BACKBONES])
    columns = tuple(number(f"{heading}, unbiased", 2) for heading in ("C", *REGULARIZERS))
    measured = {}
    for backbone in BACKBONES:
        names = {"C": f"{backbone}-C", **found.chosen[backbone]}
        pairs = {heading: found.summaries[f"{name} ~ {backbone}-M"].values() for heading, name in names.items()}
        measured[f"{backbone}, {found.data}"] = {
            heading: [one["biased"] for one in by_seed] for heading, by_seed in pairs.items()
        } | {f"{heading}, unbiased": [one["unbiased"] for one in by_seed] for heading, by_seed in pairs.items()}
    return with_columns(table, columns), measured


def _maml_separation(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    return with_columns(_with_isotropic(table, 4), _of_split("test", 4)), {
        name: _with_isotropic_of(_separation(found, name, "train")) | _named(_separation(found, name, "test"), "test")
        for name in table.names
    }


def _clustering(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    rows = {"Classical": "MAML-C", "FOMAML": "FOMAML-{}", "Reptile": "Reptile", "W-Clustering": pulled(BEST_PULL)}
    return table, _tuned(found, rows)


def _pulls(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    rows = dict(zip(table.names, ("Reptile", *map(pulled, PULLS)), strict=True))
    return table, _tuned(found, rows)


def _tuned(found: Found, rows: Mapping[str, str]) -> Measured:
    return {
        row: {heading: _accuracy(found, name.format(shot), "fine-tuning", shot) for heading, shot in _SHOTS.items()}
        for row, name in rows.items()
    }


def _times(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    columns = (number("epoch", 2, "s"), number("total", 2, "min"))
    return with_columns(table, columns), {
        row: {"epoch": [times["epoch_s"]], "total": [times["total_min"]]} for row, times in found.times.items()
    }


def _search(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    table, headings = _with_data(table, found)
    return table, {
        f"{backbone}, {symbol}, {coefficient:g}, {shown}": {
            heading: _accuracy(found, regularized(name, symbol, coefficient), head, shot)
            for heading, shot in headings.items()
        }
        for name, backbone in (("R2-D2", "R2-D2"), ("MetaOptNet", "ResNet-12"))
        for symbol in REGULARIZERS
        for coefficient in COEFFICIENTS
        for shown, head in (("NN", "linear"), ("SVM", "svm"))
    }


Compare = Callable[[PublishedTable, Found], tuple[PublishedTable, Measured]]

_COMPARISONS: Mapping[str, Compare] = {
    "5.1": _by_heads(1),
    "5.2": _class_separation,
    "5.3": _transfer,
    "5.4": _alignment,
    "5.5": _maml_separation,
    "5.6": _clustering,
    "5.7": _by_heads(5),
    "5.8": _times,
    "5.9": _search,
    "5.10": _pulls,
}


def _with_data(table: PublishedTable, found: Found) -> tuple[PublishedTable, dict[str, int]]:
    """The table with columns of our data set, unless it has them, and their headings with the shots."""
    headings = {f"{found.data} {shown}": shot for shown, shot in _SHOTS.items()}
    missing = tuple(percent(heading) for heading in headings if heading not in table.headings)
    return with_columns(table, missing), headings


def _with_isotropic(table: PublishedTable, places: int) -> PublishedTable:
    """The table with the R_HV that isotropic classes would have beside each R_FC."""
    published = [row[table.headings.index("R_FC")] for row in table.rows]
    expected = [isotropic_hyperplane_variation(cell) if isinstance(cell, float) else None for cell in published]
    rows = tuple((*row, cell) for row, cell in zip(table.rows, expected, strict=True))
    return replace(table, columns=(*table.columns, number(_ISOTROPIC, places)), rows=rows)


def _with_isotropic_of(measured: dict[str, list[float]]) -> dict[str, list[float]]:
    return measured | {_ISOTROPIC: list(map(isotropic_hyperplane_variation, measured["R_FC"]))}


def _of_split(split: str, places: int) -> tuple[Column, ...]:
    return tuple(number(f"{symbol}, {split} classes", places) for symbol in REGULARIZERS)


def _named(measured: dict[str, list[float]], split: str) -> dict[str, list[float]]:
    return {f"{symbol}, {split} classes": values for symbol, values in measured.items()}
