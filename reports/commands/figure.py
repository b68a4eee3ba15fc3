"""`wrapmac figure`: published figures that need no training."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from reports.commands.options import Out, ensure_outputs
from reports.tables.registry import figure_numbers


def figure(
    numbers: Annotated[
        Positional[tuple[str, ...]],
        arg(name="number", metavar="NUMBER", help=f"figures: {', '.join(figure_numbers())}"),
    ],
    /,
    out: Out = Path("build/figures"),
) -> int:
    """Draw figures of the dissertation that need no training, as PNG and SVG."""
    from reports.tables.registry import draw_figure

    if not numbers:
        raise ValueError(f"name at least one figure of {', '.join(figure_numbers())}")
    ensure_outputs(folders=[out])
    for number in numbers:
        print(draw_figure(number, out))
    return 0
