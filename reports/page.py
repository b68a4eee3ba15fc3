"""Shows a report: a self-contained HTML page, and Markdown and pictures beside it. Reads report.json alone."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from models.training.files import write_text
from reports.figures import FIGURES, draw_figures
from reports.tables import report_tables


def write_page(report: dict[str, Any], folder: Path) -> None:
    """Writes index.html, report.md and the figures of a report into `folder`."""
    figures = draw_figures(report, folder / "figures")
    tables = report_tables(report)
    environment = Environment(loader=PackageLoader("reports"), autoescape=True, trim_blocks=True)
    html = environment.get_template("index.html.jinja").render(
        report=report,
        tables=tables,
        figures=[(name, caption, Markup(figures[name])) for name, (_, caption) in FIGURES.items()],
    )
    write_text(folder / "index.html", html)
    write_text(folder / "report.md", _markdown(report))


def _markdown(report: dict[str, Any]) -> str:
    parts = ["# wrapmac report\n", f"`{report['command']}`, seed {report['seed']}, {report['created']}\n"]
    parts += [table.markdown() for table in report_tables(report)]
    parts += [f"![{caption}](figures/{name}.png)\n" for name, (_, caption) in FIGURES.items()]
    tools = ", ".join(f"{name} {version}" for name, version in report["tools"].items())
    parts.append(f"## Tools\n\n{tools}. {report['machine']}.\n")
    return "\n".join(parts)
