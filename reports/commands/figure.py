"""`wrapmac figure`: published figures, and figures of networks that are trained for them."""

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from reports.commands.options import (
    Out,
    Resolution,
    TableData,
    TableScale,
    ensure_outputs,
    ensure_positive,
    parsed_resolution,
)
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
    resolution: Annotated[Resolution, arg(help="figure 4.1: pixels of the map: a side, or height and width")] = "14",
    length: Annotated[int, arg(metavar="TOKENS", help="figure 4.1: length of the runs")] = 49,
    swap: Annotated[
        Literal["both", "yes", "no"], arg(help="figure 4.1: whether runs go down the columns; both draws two blocks")
    ] = "both",
    bench: Annotated[
        Path | None,
        arg(
            metavar="FILE",
            help="JSON of `bench attention`: --table 4.3 for figure 4.2, --case peers for figure 4.3; if left out, "
            "what the folder of --runs holds, or the committed one",
        ),
    ] = None,
) -> int:
    """Draw figures of the dissertation as PNG and SVG; networks that some need are trained as for `table`."""
    from models.progress import Progress
    from reports.tables.registry import FigureSource, choose_figures, draw_figure

    chosen = choose_figures(numbers)
    ensure_positive("length", length)
    size = parsed_resolution(resolution)
    ensure_outputs(folders=[out], inputs=[bench])
    with Progress() as progress:
        source = FigureSource(
            data=data,
            scale=scale,
            runs=runs,
            progress=progress,
            size=size,
            length=length,
            swap={"both": None, "yes": True, "no": False}[swap],
            bench=bench,
        )
        written = [draw_figure(number, out, source) for number in chosen]
    for path in written:
        print(path)
    return 0
