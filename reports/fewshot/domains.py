"""A run on several data sets, as a table."""

from collections.abc import Sequence
from typing import Any

from reports.fewshot.lines import how
from reports.tables.table import Table

_NORMALISED = {"run": "the run's training classes", "data": "their own training classes"}


def domain_table(records: Sequence[dict[str, Any]]) -> Table:
    """Accuracy on each data set, from records of `models.fewshot.domains`."""
    first = records[0]
    columns = ["data set", "images", "episodes", "normalised by", "classes", "queries a class", "accuracy", "1 SE"]
    note = f"{first['episodes']} episodes of {first['split']}; {_run(first)}"
    if "against" in first:
        columns += ["against", "1 SE", "difference", "1 SE"]
        note += f"; against {first['against']['run']}, {_run(first['against'])}; the difference is paired"
    note += "".join(f"; trained on {seen} of the classes of {name}" for name, seen in _seen(records).items())
    rows = [_row(one) for one in records]
    note += ". Standard errors are over episodes."
    return Table("Accuracy on several data sets", tuple(columns), rows, note, labels=4)


def _row(record: dict[str, Any]) -> tuple[str, ...]:
    channels, height, width = record["image_shape"]
    row = (
        record["data"],
        f"{height} x {width}, {'grey' if channels == 1 else 'colour'}",
        f"{record['way']}-way {record['shot']}-shot",
        _NORMALISED[record["normalised_by"]],
        _classes(record),
        str(record["query"]),
        *_figures(record),
    )
    if "against" not in record:
        return row
    other = record["against"]
    mean, error = _figures(other["difference"], signed=True)
    return (*row, *_figures(other), mean.removesuffix("%"), error)


def _classes(record: dict[str, Any]) -> str:
    without = record["classes_without_turned"]
    turned = record["classes"] - without
    return f"{without} + {turned} turned" if turned else str(without)


def _run(record: dict[str, Any]) -> str:
    return f"{how(record)}, batch norm {record['batch_norm']}"


def _figures(record: dict[str, float], *, signed: bool = False) -> tuple[str, str]:
    mean, error = 100 * record["mean"], 100 * record["standard_error"]
    return f"{mean:{'+' if signed else ''}.2f}%", f"{error:.2f}"


def _seen(records: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How many classes of a data set a run was trained on, for those of which there are any."""
    seen = {one["data"]: max(one["seen_classes"], one.get("against", {}).get("seen_classes", 0)) for one in records}
    return {name: count for name, count in seen.items() if count}
