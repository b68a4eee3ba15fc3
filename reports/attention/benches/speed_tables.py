"""The tables of chapter 4 with latencies: their models measured here, beside what was published of a phone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from models.attention.backbones.architectures import ARCHITECTURES
from reports.attention.benches.attention_bench import AttentionSetting, size_name
from reports.attention.benches.subjects import Case, Size
from reports.attention.published import PUBLISHED
from reports.tables.beside import rendered
from reports.tables.extended import with_columns
from reports.tables.published import Column, PublishedTable, count, milliseconds
from reports.tables.table import Table

_IMAGES: Size = (3, 224, 224)
_OPERATIONS = ("reshapes", "transposes")
HERE = "here"
"""Heads the column of the latencies at 224 pixels of a table that has no heading for them."""

Latencies = dict[str, dict[str, list[float]]]
"""Cells of ours by row and heading."""


@dataclass(frozen=True, kw_only=True)
class SpeedTable:
    """What a table measures.

    models: of the bench, by the names of the table's rows. sizes: of inputs, by the headings of the columns of
    latencies; a heading that the table lacks becomes a column of its own.
    """

    case: Case
    models: Mapping[str, str]
    sizes: Mapping[str, Size]


SPEED_TABLES: Mapping[str, SpeedTable] = MappingProxyType(
    {
        "4.1": SpeedTable(
            case="network",
            models={
                "Attention": "s12:CCAA:ln",
                "Window": "s12:CCWA:ln",
                "CS Window": "s12:CCXA:ln",
                "Mobile-Friendly (Ours)": "s12:CCLA:ln",
            },
            sizes={HERE: _IMAGES},
        ),
        "4.2": SpeedTable(
            case="network",
            models={
                "SRA": "s12:CCRA:ln",
                "Swin": "s12:CCWA:ln",
                "Win/Grid": "s12:CCGA:ln",
                "CSWin": "s12:CCXA:ln",
                "Mobile-friendly (Ours)": "s12:CCLA:ln",
            },
            sizes={HERE: _IMAGES},
        ),
        "4.3": SpeedTable(
            case="network",
            models={"CCCC": "s12:CCCC:ln", "CCCA": "s12:CCCA:ln", "CCAA": "s12:CCAA:ln", "Ours": "s12:CCLL:ln"},
            sizes={"224x224": _IMAGES, "512x512": (3, 512, 512), "1024x1024": (3, 1024, 1024)},
        ),
        "4.6": SpeedTable(
            case="mixer",
            models={
                "DW-Conv": "depthwise:block",
                "MHSA": "global:block",
                **{f"LSA-{length}": f"lsa:{length}:block" for length in (98, 49, 14, 7)},
            },
            sizes={"56x56": (64, 56, 56), "28x28": (128, 28, 28), "14x14": (320, 14, 14), "7x7": (512, 7, 7)},
        ),
        "4.8": SpeedTable(
            case="network",
            models={
                "2, Pooling, LN": "s12:PPLL:ln",
                "2, DWConv, LN": "s12:CCLL:ln",
                "2, DWConv, BN": "s12:CCLL:bn",
                "2, DWConv, BN-LN": "s12:CCLL:bn-ln",
                "3, DWConv, LN": "s12:CLLL:ln",
            },
            sizes={HERE: _IMAGES},
        ),
        "4.12": SpeedTable(
            case="network",
            models={
                "Full": "s12:CCAA:ln",
                **{str(length): f"s12:CCLL:ln:{length}" for length in (98, 49, 14, 7)},
            },
            sizes={HERE: _IMAGES},
        ),
        "4.13": SpeedTable(
            case="network",
            models={
                f"{one.row}, {title}": f"{name}:{norm}"
                for name, one in ARCHITECTURES.items()
                if one.family == "metaformer"
                for title, norm in (("BN-LN", "bn-ln"), ("LN", "ln"))
            },
            sizes={HERE: _IMAGES},
        ),
    }
)
"""The tables by number. In Tables 4.1 and 4.2 the third stage alone changes, as in the text."""


def speed_setting(number: str, backends: Sequence[str] = ("eager",), **further: Any) -> AttentionSetting:
    """What the bench measures for a table; further: batch, rounds, seed, peaks."""
    table = SPEED_TABLES[number]
    sizes = list(table.sizes.values())
    return AttentionSetting(
        case=table.case, sizes=sizes, backends=backends, names=list(table.models.values()), **further
    )


def speed_table(number: str, result: Mapping[str, Any]) -> Table:
    """A published table beside the result of the bench: the least latency on each backend, operations of files.

    The published latencies are a phone's: ratios between rows compare, not the numbers.
    """
    table, measured = with_latencies(PUBLISHED[number], result)
    return rendered(table, measured, latency_note(result))


def with_latencies(table: PublishedTable, result: Mapping[str, Any]) -> tuple[PublishedTable, Latencies]:
    """A table of `SPEED_TABLES` with columns of the latencies in a result of its bench, and their cells by row."""
    speeds = SPEED_TABLES[table.number]
    columns: dict[str, Column] = {}
    measured: dict[str, dict[str, list[float]]] = {row: {} for row in speeds.models}
    for backend in result["backends"]:
        for heading, size in speeds.sizes.items():
            title = f"{heading}, {backend}"
            columns[title] = milliseconds(title, 2)
            for row, model in speeds.models.items():
                found = _found(result, f"{size_name(size)}, {backend}", model)
                measured[row][title] = [found["least_ms"]]
                for operation in _OPERATIONS if heading == HERE else ():
                    if operation in found:
                        columns.setdefault(f"{operation} in ONNX", count(f"{operation} in ONNX"))
                        measured[row][f"{operation} in ONNX"] = [found[operation]]
    return with_columns(table, tuple(columns.values())), measured


def latency_note(result: Mapping[str, Any]) -> str:
    """How the latencies were measured."""
    return f"Latencies here: least of {result['rounds']} rounds in turns, one thread, {result['machine']}."


def _found(result: Mapping[str, Any], name: str, case: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(row for row in result["rows"] if (row["name"], row["case"]) == (name, case))
    return found
