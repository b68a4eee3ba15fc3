"""Measured numbers of chapter 6's tables, by row and column, from what was found over seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.fewshot.augmentation.cells import CELLS, DATA_TABLES, Cell, domain_networks, pooled_networks
from reports.fewshot.augmentation.networks import BACKBONES
from reports.fewshot.augmentation.results import pair
from reports.fewshot.augmentation.times import runtime_comparison
from reports.tables.beside import Measured
from reports.tables.extended import with_columns, with_rows
from reports.tables.published import PublishedTable, Value, difference, percent
from reports.tables.table import Table

_DIFFERENCE = "{} difference"

Found = Mapping[str, Any]
"""What `measure_tables` returned."""


def comparison(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    """A published table, with rows and columns for what it has no place for, and our numbers with their errors."""
    if table.number == "6.9":
        return runtime_comparison(table, found["times"])
    return _domains(table, found) if table.number == "6.7" else _accuracies(table, found)


def pools_table(found: Found, note: str) -> Table:
    """What Meta-MaxUp did with its pools, by entry. note: on the data."""
    logs: Mapping[str, Any] = found["pools"]
    columns = [(backbone, m) for backbone in BACKBONES for m in (2, 4)]
    rows = []
    for pool in ("single", "medium", "large"):
        by_column = [logs[pooled_networks()[backbone, pool, m]] for backbone, m in columns]
        for entry in by_column[-1]:
            drawn = _shown(by_column[-1][entry]["drawn"], 100, 1)
            chosen = [_shown(log[entry]["chosen"], 100, 1) for log in by_column]
            losses = [_shown(log[entry]["loss"], 1, 3) for log in by_column[1::2]]
            rows.append((pool, entry, drawn, *chosen, *losses))
    return Table(
        "What Meta-MaxUp does with its pools: R2-D2",
        (
            *("pool", "entry", "drawn"),
            *(f"chosen, {backbone} m = {m}" for backbone, m in columns),
            *(f"loss, {backbone} m = 4" for backbone in BACKBONES),
        ),
        rows,
        "Drawn: an entry's share of the candidates in percent, with ResNet-12 and m = 4. Chosen: its share of what was "
        "trained on. An entry that is chosen more often than it is drawn tends to have a higher loss than the others. "
        f"Loss: the mean over the entry's candidates. {note}",
        labels=2,
    )


def _accuracies(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    cells, prefix = CELLS[table.number], f"{found['name']} " if table.number in DATA_TABLES else ""
    headings = list(dict.fromkeys(heading for row in cells.values() for heading in row))
    wanted = tuple(percent(prefix + heading) for heading in headings if prefix + heading not in table.headings)
    differences = tuple(difference(_DIFFERENCE.format(prefix + heading)) for heading in headings)
    measured = {
        row: _with_differences(
            {prefix + heading: _value(found["accuracies"], cell.network, cell) for heading, cell in by_heading.items()},
            {prefix + heading: _of_pair(found, cell) for heading, cell in by_heading.items()},
        )
        for row, by_heading in cells.items()
    }
    return with_columns(table, wanted + differences), measured


def _domains(table: PublishedTable, found: Found) -> tuple[PublishedTable, Measured]:
    measured, labels = {}, []
    for one in found["domains"]:
        label = f"{one['data']}, {one['way']}-way"
        labels.append((label,))
        figures = ({heading: _figure(figure) for heading, figure in one[kind].items()} for kind in _KINDS)
        measured[label] = _with_differences(*figures)
    compared = [heading for heading, (_, baseline) in domain_networks().items() if baseline is not None]
    columns = tuple(difference(_DIFFERENCE.format(heading)) for heading in compared)
    return with_columns(with_rows(table, labels), columns), measured


_KINDS = ("accuracies", "differences")


def _with_differences(
    accuracies: Mapping[str, Value | None], differences: Mapping[str, Value | None]
) -> dict[str, Sequence[float] | Value]:
    """What was measured of a row, without what was not."""
    cells = [*accuracies.items(), *((_DIFFERENCE.format(heading), one) for heading, one in differences.items())]
    return {heading: one for heading, one in cells if one is not None}


def _of_pair(found: Found, cell: Cell) -> Value | None:
    if cell.baseline is None:
        return None
    return _value(found["differences"], pair(cell.network, cell.baseline), cell)


def _value(figures: Mapping[str, Any], name: str, cell: Cell) -> Value | None:
    return _figure(figures[name][str(cell.shot)]) if name in figures else None


def _figure(figure: Mapping[str, float]) -> Value:
    return Value(figure["mean"], figure["standard_error"])


def _shown(value: float | None, scale: float, places: int) -> str:
    return "" if value is None else f"{scale * value:.{places}f}"
