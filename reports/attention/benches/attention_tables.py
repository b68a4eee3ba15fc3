"""The attention bench's results as tables."""

from collections.abc import Mapping
from typing import Any

from reports.attention.benches.attention_bench import size_name
from reports.tables.table import Table

_TITLES = {"mixer": "Token mixers", "network": "Networks", "peers": "Networks and their peers"}
_NOTES = {
    "cpu": "processor time of one thread",
    "wall": "wall-clock time on the GPU",
}
_MISSING = ""


def attention_tables(result: Mapping[str, Any]) -> list[Table]:
    """The result of `bench_attention`, a table for each size."""
    return [_table(result, size_name(size)) for size in result["sizes"]]


def _table(result: Mapping[str, Any], size: str) -> Table:
    rows = [row for row in result["rows"] if row["name"] == f"{size}, {row['backend']}"]
    clocks = dict.fromkeys(_NOTES[row["clock"]] for row in rows)
    columns = ("backend", "model", "least ms", "median ms", "times first", "peak MiB", "multiply-adds, G")
    note = (
        f"{result['rounds']} rounds in turns, batch {result['batch']}; {', '.join(clocks)}; {result['machine']}. Peak "
        "memory is of the tensors of a run or, of an exported file, of a process that loads it and runs it once."
    )
    return Table(f"{_TITLES[result['case']]} at {size}", columns, [_cells(row) for row in rows], note, labels=2)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    peak = row.get("peak_mib")
    return (
        row["backend"],
        row["case"],
        f"{row['least_ms']:.2f}",
        f"{row['milliseconds']:.2f}",
        f"{row['least_ratio']:.2f}",
        _MISSING if peak is None else f"{peak:.1f}",
        f"{row['multiply_adds'] / 1e9:.3f}",
    )
