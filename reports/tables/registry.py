"""Finds the dissertation's tables and figures by number; loads a chapter's modules when one of them is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from models.progress import Progress
from reports.tables.published import PublishedTable
from reports.tables.results import JSON, MARKDOWN
from reports.tables.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from models.fewshot.sources import FewShotSource


@dataclass(frozen=True)
class _Chapter:
    """Modules of a chapter.

    published: have `PUBLISHED`, tables by number. plans: has `TRAINING_TABLES`, by number, and loads nothing heavy;
    those that it names in `APART` are left out of `all` and of the chapter, those in `DOMAINS` take data sets to test
    on. trainer: trains those tables (see `Trainer`). folder: of its runs and results, within that of all chapters.
    """

    published: tuple[str, ...]
    plans: str = ""
    trainer: str = ""
    folder: str = ""


_CHAPTERS = {
    "2": _Chapter(
        ("reports.wrapnet.published", "reports.kernels.published", "reports.mac.published"),
        "reports.wrapnet.training_tables",
        "reports.wrapnet.tables",
    ),
    "3": _Chapter(("reports.federated.published",), "reports.federated.plans", "reports.federated.tables", "federated"),
    "4": _Chapter(("reports.attention.published",), "reports.attention.plans", "reports.attention.tables", "attention"),
    "5": _Chapter(
        ("reports.fewshot.published",), "reports.fewshot.training_tables", "reports.fewshot.tables", "fewshot"
    ),
    "6": _Chapter(
        ("reports.fewshot.augmentation.published",),
        "reports.fewshot.augmentation.plans",
        "reports.fewshot.augmentation.tables",
        "augmentation",
    ),
    "7": _Chapter(("reports.selfsup.published",), "reports.selfsup.plans", "reports.selfsup.tables", "selfsup"),
}

_MEASURED_BY = {
    "2.7": "wrapmac bench gemm",
    "2.8": "wrapmac bench gemm",
    "2.11": "wrapmac layout",
    "2.12": "wrapmac layout",
    "2.13": "wrapmac layout",
    "3.2": "wrapmac bench memory",
}

_FIGURES = {
    **{number: "reports.wrapnet.figures" for number in ("2.1", "2.3")},
    **{number: "reports.federated.figures" for number in ("3.1", "3.2")},
    "5.1": "reports.fewshot.figures",
}
"""Modules with `FIGURES`, functions that draw figures by number."""

_TRAINED_FIGURES = {
    **{number: ("4", "reports.attention.figures") for number in ("4.1", "4.2", "4.3")},
    **{number: ("5", "reports.fewshot.trained_figures") for number in ("5.2", "5.3")},
    **{number: ("6", "reports.fewshot.augmentation.figures") for number in ("6.1", "6.2", "6.3")},
    **{number: ("7", "reports.selfsup.figures.figures") for number in ("7.1", "7.2", "7.3")},
}
"""Chapters, and modules with `TRAINED_FIGURES`, functions that draw figures of networks by number."""


class Trainer(Protocol):
    """A chapter's module that trains what its tables compare."""

    def train_tables(
        self,
        numbers: Sequence[str],
        *,
        data: Path | None,
        scale: str,
        seeds: int,
        out: Path,
        progress: Progress,
        **further: Any,
    ) -> dict[str, Table]:
        """Trains the tables `numbers`, each with `seeds` seeds, and writes `tables.json` and `tables.md` to `out`.

        data: the chapter's data set. scale: `small` or `paper`. further: `on`, the data sets to test on, of a chapter
        with tables that take them. Returns the tables with published and measured columns. Raises ValueError without
        the data set, if the chapter makes none itself.
        """


def trained_numbers() -> list[str]:
    """The tables that can be trained, those that are not the dissertation's included."""
    return [number for chapter in _CHAPTERS.values() for number in _trained(chapter)]


def published_table(number: str) -> PublishedTable:
    """The published table of this number. Raises ValueError if there is none."""
    chapter = _CHAPTERS.get(number.split(".")[0])
    tables = _published(chapter) if chapter else {}
    if number not in tables:
        raise ValueError(f"there is no table {number!r}; allowed are {_available()}")
    return tables[number]


def choose_tables(numbers: Sequence[str]) -> list[str]:
    """Each table that a user names, once; `all` stands for those that can be trained, a chapter for its own.

    Raises ValueError if there are none, or for one that does not exist.
    """
    if not numbers:
        raise ValueError(f"name at least one table of {_available()}, or `all`, or a chapter")
    chosen: list[str] = []
    trained = trained_numbers()
    for number in numbers:
        if number == "all":
            chosen += [one for chapter in _CHAPTERS.values() for one in _together(chapter)]
        elif number in _CHAPTERS and _CHAPTERS[number].plans:
            chosen += _together(_CHAPTERS[number])
        else:
            if number not in trained:
                published_table(number)
            chosen.append(number)
    return list(dict.fromkeys(chosen))


def result_files(numbers: Sequence[str], out: Path) -> list[Path]:
    """The files that training the tables `numbers` writes: `tables.json` and `tables.md` of each chapter."""
    folders = [out / chapter.folder for chapter in _CHAPTERS.values() if set(_trained(chapter)) & set(numbers)]
    return [folder / name for folder in folders for name in (JSON, MARKDOWN)]


def check_domains(numbers: Sequence[str]) -> None:
    """Raises ValueError if none of the tables takes data sets to test on."""
    allowed = [number for chapter in _CHAPTERS.values() for number in _domains(chapter)]
    if not set(allowed) & set(numbers):
        raise ValueError(f"--on names data sets to test on; name a table that takes them: {', '.join(allowed)}")


def train_tables(
    numbers: Sequence[str],
    *,
    data: Path | None,
    scale: str,
    seeds: int,
    out: Path,
    progress: Progress,
    on: "tuple[FewShotSource, ...]" = (),
) -> dict[str, Table]:
    """Trains those of the tables that can be trained, each by its chapter's trainer (see `Trainer.train_tables`)."""
    tables: dict[str, Table] = {}
    for chapter in _CHAPTERS.values():
        wanted = [number for number in numbers if number in _trained(chapter)]
        if wanted:
            trainer = cast(Trainer, import_module(chapter.trainer))
            folder = out / chapter.folder
            further = {"on": on} if _domains(chapter) else {}
            tables |= trainer.train_tables(
                wanted, data=data, scale=scale, seeds=seeds, out=folder, progress=progress, **further
            )
    return tables


def without_measurements(number: str) -> str:
    """A line that says where a table's measurements are, for one that is not trained."""
    if number in _MEASURED_BY:
        return f"Table {number} is not trained: `{_MEASURED_BY[number]}` measures it."
    return f"Table {number} has no measurements yet."


def figure_numbers() -> list[str]:
    """The figures that can be drawn, in their order."""
    return sorted([*_FIGURES, *_TRAINED_FIGURES], key=float)


def choose_figures(numbers: Sequence[str]) -> list[str]:
    """Each figure that a user names, once. Raises ValueError if there are none, or for one that does not exist."""
    allowed = figure_numbers()
    if not numbers:
        raise ValueError(f"name at least one figure of {', '.join(allowed)}")
    for number in numbers:
        if number not in allowed:
            raise ValueError(f"there is no figure {number!r}; allowed are {', '.join(allowed)}")
    return list(dict.fromkeys(numbers))


@dataclass(frozen=True, kw_only=True)
class FigureSource:
    """What a figure shows. Its networks come from where those of a table do.

    data: the chapter's data set. scale: `small` or `paper`. runs: folder of runs; what is there is not trained again.
    size, length, swap: of Figure 4.1: height and width of the map, tokens of a run, whether runs go down the columns,
    None for both ways. bench: the record that Figures 4.2 and 4.3 show;
    that of the tables or the committed one if None.
    """

    data: Path | None
    scale: str
    runs: Path
    progress: Progress
    size: tuple[int, int] = (14, 14)
    length: int = 49
    swap: bool | None = None
    bench: Path | None = None


def draw_figure(number: str, folder: Path, source: FigureSource) -> Path:
    """Writes figure `number` to `folder` as PNG and SVG; returns the PNG.

    number: one that `choose_figures` returned. source: of networks, which are trained for some figures.
    """
    from reports.page.figures import write_figure

    draw: Callable[[], Figure]
    if number in _FIGURES:
        draw = import_module(_FIGURES[number]).FIGURES[number]
    else:
        chapter, module = _TRAINED_FIGURES[number]
        own = replace(source, runs=source.runs / _CHAPTERS[chapter].folder)
        draw = partial(import_module(module).TRAINED_FIGURES[number], own)
    name = f"figure-{number}"
    write_figure(draw, folder / name)
    return folder / f"{name}.png"


def _published(chapter: _Chapter) -> dict[str, PublishedTable]:
    return {number: table for module in chapter.published for number, table in import_module(module).PUBLISHED.items()}


def _trained(chapter: _Chapter) -> list[str]:
    return list(import_module(chapter.plans).TRAINING_TABLES) if chapter.plans else []


def _together(chapter: _Chapter) -> list[str]:
    """The tables that are trained with the chapter."""
    apart = getattr(import_module(chapter.plans), "APART", ()) if chapter.plans else ()
    return [number for number in _trained(chapter) if number not in apart]


def _domains(chapter: _Chapter) -> tuple[str, ...]:
    """The tables that take data sets to test on."""
    found: tuple[str, ...] = getattr(import_module(chapter.plans), "DOMAINS", ()) if chapter.plans else ()
    return found


def _available() -> str:
    """`2.1 to 2.14, 3.1 to 3.3, ...`, and the trained tables that are not the dissertation's."""
    ranges = []
    published: set[str] = set()
    for name, chapter in _CHAPTERS.items():
        tables = _published(chapter)
        ranges.append(f"{name}.1 to {name}.{len(tables)}")
        published |= set(tables)
    return ", ".join([*ranges, *(number for number in trained_numbers() if number not in published)])
