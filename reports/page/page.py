"""Writes a report as a self-contained HTML page and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from models.files import write_text


@dataclass(frozen=True)
class PageFigure:
    """A figure in a page. name: anchor. picture: HTML that shows it. path: its file, relative to the page."""

    name: str
    caption: str
    picture: Markup
    path: str


def write_html(template: str, folder: Path, **content: Any) -> None:
    """Renders a template to index.html in `folder`. content: variables of the template, among them `report`."""
    environment = Environment(loader=PackageLoader("reports.page"), autoescape=True, trim_blocks=True)
    write_text(folder / "index.html", environment.get_template(template).render(**content))


def write_markdown(title: str, report: dict[str, Any], sections: Sequence[str], folder: Path) -> None:
    """Writes report.md: title, command, seed and date, the sections, and the versions of the tools."""
    tools = ", ".join(f"{name} {version}" for name, version in report["tools"].items())
    head = [f"# {title}\n", f"`{report['command']}`, seed {report['seed']}, {report['created']}\n"]
    write_text(folder / "report.md", "\n".join([*head, *sections, f"## Tools\n\n{tools}. {report['machine']}.\n"]))


def figure_markdown(figure: PageFigure) -> str:
    """Returns a figure as Markdown."""
    return f"![{figure.caption}]({figure.path})\n"
