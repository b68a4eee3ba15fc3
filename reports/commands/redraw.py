"""`wrapmac redraw`: pages of finished jobs, written again."""

import json
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from reports.commands.options import ensure_outputs


def redraw(
    record: Annotated[Positional[Path], arg(metavar="FILE.json", help="report.json of a flow, or layout.json")],
    /,
    out: Annotated[
        Path | None, arg(metavar="DIR", help="folder of the page; that of the file if left out, with its pictures")
    ] = None,
    sweep: Annotated[
        Path | None, arg(metavar="DIR", help="output of `wrapmac sweep`, whose plots the page of a layout shows")
    ] = None,
) -> int:
    """Write the page, Markdown and figures of a finished flow or layout again, from its record."""
    report = _read_report(record)
    folder = record.parent if out is None else out
    ensure_outputs(folder / "index.html", folder / "report.md", inputs=[record])
    _write_page(report, record, folder, sweep)
    print(folder / "index.html")
    return 0


def _read_report(path: Path) -> dict[str, Any]:
    """A report in a JSON file. Raises ValueError if the file is missing or holds something else."""
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(report, dict):
        raise ValueError(f"{path} is not a record of a flow or layout")
    return report


def _write_page(report: dict[str, Any], record: Path, folder: Path, sweep: Path | None) -> None:
    """Writes the page into `folder`. Raises ValueError if another version wrote the record."""
    from jinja2 import TemplateError

    from reports.layout.page import write_layout_page
    from reports.mac.page import write_page

    try:
        if "trained_layer" in report:
            write_page(report, folder)
        else:
            write_layout_page(report, folder, sweep)
    except KeyError as error:
        raise ValueError(f"{record} is not a record of a flow or layout by this version: it lacks {error}") from error
    except (LookupError, TypeError, AttributeError, ArithmeticError, StopIteration, TemplateError) as error:
        raise ValueError(f"{record} is not a record of a flow or layout by this version: {error}") from error
