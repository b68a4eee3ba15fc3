"""`wrapmac figure`: published figures, and figures of networks that are trained for them."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from reports.commands.options import Out, TableData, TableScale, ensure_outputs
from reports.tables.registry import figure_numbers


def figure(
    numbers: Annotated[
        Positional[tuple[str, ...]],
        arg(name="number", metavar="NUMBER", help=f"figures: {', '.join(figure_numbers())}"),
    ],
    /,
    out: Out = Path("build/figures"),
    data: TableData = None,
    scale: TableScale = "small",
    runs: Annotated[
        Path, arg(metavar="DIR", help="figures of networks: folder of `table`, whose runs are not trained again")
    ] = Path("build/tables"),
) -> int:
    """Draw figures of the dissertation as PNG and SVG; networks that some need are trained as for `table`."""
    from models.progress import Progress
    from reports.tables.registry import FigureSource, choose_figures, draw_figure

    chosen = choose_figures(numbers)
    ensure_outputs(folders=[out])
    with Progress() as progress:
        source = FigureSource(data=data, scale=scale, runs=runs, progress=progress)
        written = [draw_figure(number, out, source) for number in chosen]
    for path in written:
        print(path)
    return 0
