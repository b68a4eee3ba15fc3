"""Measured numbers of chapter 7's tables, by row and column, beside the published ones."""

from collections.abc import Mapping
from typing import Any

from reports.claims.figures import MeasuredCell, cell_of
from reports.selfsup.encoders.names import (
    BASELINES,
    LEARNERS,
    OPTIONS,
    RANDOM,
    RAW_PIXELS,
    ROTATIONS,
    few_labels,
    trained,
    transferred,
    with_option,
)
from reports.selfsup.published import PUBLISHED, ROTATION
from reports.selfsup.results import FRACTIONS, LINEAR, NEIGHBOURS
from reports.tables.beside import Measured
from reports.tables.extended import with_columns, with_rows
from reports.tables.published import PublishedTable, difference, percent, text

Found = Mapping[str, Any]
"""A result of `measure_tables`."""

_NO_NETWORK = "none"
_FROM_SCRATCH = {"7.3": "Supervised baseline", "7.4": "Baseline"}


def comparison(number: str, found: Found) -> tuple[PublishedTable, Measured]:
    """A published table, with further rows and columns, and our numbers with their errors."""
    match number:
        case "7.1" | "7.2":
            return _linear(PUBLISHED[number], found)
        case "7.3":
            return _few_labels(PUBLISHED[number], found)
        case "7.4":
            return _transfer(PUBLISHED[number], found)
        case "7.5":
            return _sample_rotation(PUBLISHED[number], found)
        case "options7":
            return _options(found)
    return _rotations(found)


def _linear(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    backbone = str(table.rows[0][1])
    rows = [(title, backbone) for title in LEARNERS]
    rows += [
        (name, _NO_NETWORK if name == RAW_PIXELS else found["encoder"])
        for name in BASELINES
        if name in found["figures"]
    ]
    measured = {
        ", ".join(row): _present(
            accuracy=_figure(found, row[0], LINEAR), **{"k-NN accuracy": _figure(found, row[0], NEIGHBOURS)}
        )
        for row in rows
    }
    return with_columns(with_rows(table, rows), (percent("k-NN accuracy", 1),)), measured


def _few_labels(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    backbone = str(table.rows[0][1])
    rows = {(_FROM_SCRATCH["7.3"], backbone): RANDOM} | {(title, backbone): trained(title) for title in LEARNERS}
    measured = {
        ", ".join(row): _present(**{heading: _figure(found, few_labels(name), heading) for heading in FRACTIONS})
        for row, name in rows.items()
    }
    return with_rows(table, list(rows)), measured


def _transfer(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    rows = {(_FROM_SCRATCH["7.4"],): RANDOM} | {(title,): trained(title) for title in LEARNERS}
    measured = {
        row[0]: _present(**{title: _figure(found, transferred(name), title) for title in found["targets"]})
        for row, name in rows.items()
    }
    further = tuple(percent(title, 1) for title in found["targets"] if title not in table.headings)
    return with_columns(with_rows(table, list(rows)), further), measured


def _sample_rotation(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    measured = {
        row: _present(
            **{title: _figure(found, trained(title, rotation), LINEAR) for title in LEARNERS},
            **{f"{title}, k-NN": _figure(found, trained(title, rotation), NEIGHBOURS) for title in LEARNERS},
        )
        for row, rotation in zip(table.names, ROTATIONS[:2], strict=True)
    }
    headings = [*LEARNERS, *(f"{title}, k-NN" for title in LEARNERS)]
    further = tuple(percent(heading, 1) for heading in headings if heading not in table.headings)
    return with_columns(table, further), measured


def _rotations(found: Found) -> tuple[PublishedTable, Measured]:
    cells: dict[tuple[str, ...], str] = {
        (title, rotation): trained(title, rotation) for title in LEARNERS for rotation in ROTATIONS
    }
    cells |= {(name, _NO_NETWORK): name for name in BASELINES}
    return with_columns(with_rows(ROTATION, list(cells)), _BESIDE_ACCURACY), _with_differences(cells, found)


def _options(found: Found) -> tuple[PublishedTable, Measured]:
    cells: dict[tuple[str, ...], str] = {}
    for name, option in OPTIONS:
        cells |= {(name, _PLAIN): name, (name, option): with_option(name, option)}
    columns = (text("encoder"), text("option"), percent("accuracy", 1), *_BESIDE_ACCURACY)
    table = PublishedTable("options7", "Options of R2-D2 and of the auxiliary loss", columns, (), _DEFAULTS, labels=2)
    return with_rows(table, list(cells)), _with_differences(cells, found)


_PLAIN = "-"
_DEFAULTS = (
    "Without an option, ridge x t is 5, logits are not scaled, and the auxiliary loss has weight 1. Differences are to "
    "that, in points."
)
_BESIDE_ACCURACY = (percent("k-NN accuracy", 1), difference("difference"), difference("k-NN difference"))


def _with_differences(cells: Mapping[tuple[str, ...], str], found: Found) -> Measured:
    """Accuracies of encoders, given by their rows, and differences."""
    return {
        ", ".join(labels): _present(
            accuracy=_figure(found, name, LINEAR),
            **{
                "k-NN accuracy": _figure(found, name, NEIGHBOURS),
                "difference": cell_of(found["differences"].get(name, {}).get(LINEAR)),
                "k-NN difference": cell_of(found["differences"].get(name, {}).get(NEIGHBOURS)),
            },
        )
        for labels, name in cells.items()
    }


def _present(**cells: MeasuredCell | None) -> dict[str, MeasuredCell]:
    """The cells of a row, without empty ones."""
    return {heading: one for heading, one in cells.items() if one is not None}


def _figure(found: Found, name: str, measured: str) -> MeasuredCell | None:
    return cell_of(found["figures"].get(name, {}).get(measured))
