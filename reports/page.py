"""Shows a report: a self-contained HTML page, and Markdown and pictures beside it. Reads report.json alone."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from models.training.files import write_text
from reports.figures import FIGURES, draw_figures
from reports.tables import report_tables

DIFFERENCES = (
    "The published units were synthesised and laid out for the shortest cycle time (0.24 to 0.31 ns); ours are mapped "
    "for area, without a clock constraint. Under time pressure a 32-bit adder and a full 8x8 multiplier grow more than "
    "their narrow counterparts, which is why the published 8x8x8 units are smaller next to 8x8x32 than ours.",
    "Our 8x8x32 accumulator is a ripple-like minimum-area adder; a fast one would add to both 32-bit units, and more "
    "to the ratio of 3x1x32, where it is nearly the whole unit.",
    "Flip-flops take a larger share in the 45 nm library than gates do under area mapping, and the number of "
    "flip-flops hardly differs between the processes; this pulls the ratios of small units up.",
)
"""Why our ratios differ from the published ones."""


def write_page(report: dict[str, Any], folder: Path) -> None:
    """Writes index.html, report.md and the figures of a report into `folder`."""
    figures = draw_figures(report, folder / "figures")
    tables = report_tables(report)
    environment = Environment(loader=PackageLoader("reports"), autoescape=select_autoescape(), trim_blocks=True)
    html = environment.get_template("index.html.jinja").render(
        report=report,
        tables=tables,
        figures=[(name, caption, Markup(figures[name])) for name, (_, caption) in FIGURES.items()],
        differences=DIFFERENCES,
    )
    write_text(folder / "index.html", html)
    write_text(folder / "report.md", _markdown(report))


def _markdown(report: dict[str, Any]) -> str:
    parts = ["# wrapmac report\n", f"`{report['command']}`, seed {report['seed']}, {report['created']}\n"]
    parts += [table.markdown() for table in report_tables(report)]
    parts.append("## Why the ratios differ\n\n" + "\n".join(f"- {reason}" for reason in DIFFERENCES) + "\n")
    parts += [f"![{caption}](figures/{name}.png)\n" for name, (_, caption) in FIGURES.items()]
    tools = ", ".join(f"{name} {version}" for name, version in report["tools"].items())
    parts.append(f"## Tools\n\n{tools}. {report['machine']}.\n")
    return "\n".join(parts)
