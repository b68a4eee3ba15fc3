"""`wrapmac redraw`: pages of finished jobs, written again."""

import shutil
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from tyro.conf import Positional, arg

from models.files import write_with
from models.json_files import read_object
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
    report = read_object(record)
    folder = record.parent if out is None else out
    ensure_outputs(folder / "index.html", folder / "report.md", inputs=[record])
    _write_page(report, record, folder, sweep)
    print(folder / "index.html")
    return 0


def _write_page(report: dict[str, Any], record: Path, folder: Path, sweep: Path | None) -> None:
    """Writes the page into `folder`, whole or not at all. Raises ValueError if another version wrote the record."""
    from reports.layout.page import sweep_plots, write_layout_page
    from reports.mac.page import write_page

    sweep_plots(sweep)
    with TemporaryDirectory() as temporary:
        drawn = Path(temporary)
        try:
            if "trained_layer" in report:
                write_page(report, drawn)
            else:
                write_layout_page(report, drawn, sweep, pictures=folder)
        except (OSError, MemoryError):
            raise
        except KeyError as error:
            raise _foreign(record, f"it lacks {error}") from error
        except Exception as error:  # records can hold anything, and matplotlib and jinja raise errors of many types
            raise _foreign(record, str(error).partition("\n")[0] or type(error).__name__) from error
        for file in sorted(path for path in drawn.rglob("*") if path.is_file()):
            write_with(folder / file.relative_to(drawn), partial(shutil.copyfile, file))


def _foreign(record: Path, reason: str) -> ValueError:
    return ValueError(f"{record} is not a record of a flow or layout by this version: {reason}")
