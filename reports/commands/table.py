"""`wrapmac table`: published tables, beside our own figures where networks are trained for them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from reports.commands.options import TableData, TableScale, ensure_outputs, ensure_positive
from reports.tables.registry import trained_numbers

if TYPE_CHECKING:
    from reports.tables.table import Table


def table(
    numbers: Annotated[
        Positional[tuple[str, ...]],
        arg(
            name="number",
            metavar="NUMBER",
            help="tables of the dissertation, such as 2.1 or 3.2; `all` for those that are trained here, 2, 4, 5, 6 "
            f"or 7 for a chapter's: {', '.join(trained_numbers())}",
        ),
    ],
    /,
    data: TableData = None,
    scale: TableScale = "small",
    seeds: Annotated[int, arg(metavar="N", help="number of seeds, which start at 0")] = 1,
    on: Annotated[
        tuple[str, ...],
        arg(
            metavar="NAME[:PATH] ...",
            help="tables 6.7, 7.4, claims6, claims7: data sets to test on, such as omniglot:DIR cifar10:DIR digits; "
            "names as of `train fewshot --dataset`. Table 7.4: folders:DIR may also hold train/CLASS and val/CLASS",
        ),
    ] = (),
    out: Annotated[
        Path, arg(metavar="DIR", help="folder of stages and results; a run that was killed resumes there")
    ] = Path("build/tables"),
) -> int:
    """Show tables of the dissertation; where networks are trained for them, beside our own figures."""
    from models.fewshot.sources import SplitOptions, named_sources
    from models.progress import Progress
    from reports.commands.output import show
    from reports.tables.beside import rendered
    from reports.tables.registry import (
        check_domains,
        choose_tables,
        published_table,
        result_files,
        train_tables,
        without_measurements,
    )

    ensure_positive("seeds", seeds)
    chosen = choose_tables(numbers)
    domains = named_sources(on, SplitOptions())
    if domains:
        check_domains(chosen)
    trained: dict[str, Table] = {}
    if set(chosen) & set(trained_numbers()):
        ensure_outputs(*result_files(chosen, out))
        with Progress() as progress:
            trained = train_tables(chosen, data=data, scale=scale, seeds=seeds, out=out, progress=progress, on=domains)
    for number in chosen:
        if number in trained:
            show([trained[number]], notes=True)
        else:
            show([rendered(published_table(number))], notes=True)
            print(without_measurements(number))
    for path in result_files(list(trained), out):
        if path.suffix == ".md":
            print(path)
    return 0
