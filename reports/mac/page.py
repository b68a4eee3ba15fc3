"""Writes the main report as a self-contained HTML page, Markdown and pictures, from report.json alone."""

from pathlib import Path
from typing import Any

from markupsafe import Markup

from reports.mac.figures import FIGURES, draw_figures
from reports.mac.tables import report_tables
from reports.page.page import PageFigure, figure_markdown, write_html, write_markdown


def write_page(report: dict[str, Any], folder: Path) -> None:
    """Writes index.html, report.md and figures/ into `folder`."""
    drawn = draw_figures(report, folder / "figures")
    figures = [
        PageFigure(name, caption, Markup(drawn[name]), f"figures/{name}.png") for name, (_, caption) in FIGURES.items()
    ]
    tables = report_tables(report)
    write_html("index.html.jinja", folder, report=report, tables=tables, figures=figures)
    sections = [*(table.markdown() for table in tables), *map(figure_markdown, figures)]
    write_markdown("wrapmac report", report, sections, folder)
