"""Shows a report: a self-contained HTML page, and Markdown and pictures beside it. Reads report.json alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from models.files import write_text


@dataclass(frozen=True)
class PageFigure:
    """A figure in a page. name: of its anchor. picture: HTML that shows it. path: of its file, from the page's."""

    name: str
    caption: str
    picture: Markup
    path: str


def write_html(template: str, folder: Path, **content: Any) -> None:
    """Writes index.html from one of the templates; the content has at least `report`."""
    environment = Environment(loader=PackageLoader("reports.page"), autoescape=True, trim_blocks=True)
    write_text(folder / "index.html", environment.get_template(template).render(**content))


def write_markdown(title: str, report: dict[str, Any], sections: Sequence[str], folder: Path) -> None:
    """Writes report.md: what the report is of, the sections, and the tools behind it."""
    tools = ", ".join(f"{name} {version}" for name, version in report["tools"].items())
    head = [f"# {title}\n", f"`{report['command']}`, seed {report['seed']}, {report['created']}\n"]
    write_text(folder / "report.md", "\n".join([*head, *sections, f"## Tools\n\n{tools}. {report['machine']}.\n"]))


def figure_markdown(figure: PageFigure) -> str:
    """A figure as Markdown."""
    return f"![{figure.caption}]({figure.path})\n"
