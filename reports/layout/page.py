"""Writes a layout report as a self-contained page and as Markdown, from layout.json and the pictures beside it."""

import base64
from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from models.files import write_text
from reports.layout.figures import can_compare, figure_2_2
from reports.layout.picture import OVERVIEW, PICTURE
from reports.layout.tables import has_energy, layout_tables
from reports.mac.published import REFERENCE
from reports.page.figures import write_figure
from reports.page.page import PageFigure, figure_markdown, write_html, write_markdown

_COMPARISON = (
    f"Figure 2.2 after layout: cycle time, area for a throughput (cell area x cycle time) and energy, each relative to "
    f"{REFERENCE}; less is better."
)


def write_layout_page(
    report: dict[str, Any], folder: Path, sweep: Path | None = None, pictures: Path | None = None
) -> None:
    """Writes index.html and report.md to `folder`, with the pictures of layouts found there.

    sweep: output folder of a sweep; its plots (SVG files at any depth) are copied and shown. pictures: folder of the
    pictures of layouts, if it is not `folder`. Raises ValueError if the sweep contains no plots.
    """
    tables = layout_tables(report)
    paths = {design["name"]: design["critical_path"]["words"] for design in report["designs"]}
    plots = _plots(folder, sweep)
    figures = _comparison(report, folder)
    layouts = _layouts(report, pictures or folder)
    write_html(
        "layout.html.jinja",
        folder,
        report=report,
        tiles=_tiles(report["designs"]),
        tables=tables,
        figures=figures,
        paths=paths,
        layouts=layouts,
        plots=plots,
    )
    listed = "\n".join(f"- **{name}**: {words}" for name, words in paths.items())
    sections = [
        *(table.markdown() for table in tables),
        *map(figure_markdown, figures),
        f"## Critical paths\n\n{listed}\n",
        *_section("Layouts", layouts),
        *_section("Area against cycle time", plots),
    ]
    write_markdown("wrapmac layout report", report, sections, folder)


def _comparison(report: dict[str, Any], folder: Path) -> list[PageFigure]:
    """Draws Figure 2.2 if the report contains the reference design."""
    if not can_compare(report):
        return []
    name = "figure-2.2"
    drawn = write_figure(partial(figure_2_2, report), folder / "figures" / name)
    return [PageFigure(name, _COMPARISON, Markup(drawn), f"figures/{name}.png")]


def _layouts(report: dict[str, Any], folder: Path) -> list[PageFigure]:
    """Returns the picture of all layouts, then those of single layouts; missing files are skipped."""
    captions = {OVERVIEW: "All layouts to one scale; the area is that of the cells."}
    for design in report["designs"]:
        name = design["name"]
        captions[f"{name}/{PICTURE}"] = (
            f"{name}: cells by part, and wires; klayout {name}/{name}.oas -l {name}/{name}.lyp"
        )
    return [
        PageFigure(f"picture-{Path(path).parent.name or 'all'}", caption, _embedded(folder / path, caption), path)
        for path, caption in captions.items()
        if (folder / path).is_file()
    ]


def _embedded(picture: Path, caption: str) -> Markup:
    """Returns a PNG file as an image embedded in the page."""
    data = base64.b64encode(picture.read_bytes()).decode()
    return Markup('<img src="data:image/png;base64,{}" alt="{}">').format(data, caption)


def sweep_plots(sweep: Path | None) -> list[Path]:
    """Returns the plots in a sweep's folder, that of all designs first.

    Raises ValueError if there are none, or if one is no drawing.
    """
    if sweep is None:
        return []
    files = sorted(sweep.rglob("*.svg"), key=lambda path: (len(path.parts), path))
    if not files:
        raise ValueError(f"{sweep} holds no plots (SVG files) of a sweep")
    for file in files:
        _drawing(file)
    return files


def _drawing(file: Path) -> str:
    """Returns the text of an SVG file. Raises ValueError, naming it, if it holds something else."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not an SVG drawing") from error
    if "<svg" not in text:
        raise ValueError(f"{file} is not an SVG drawing")
    return text


def _plots(folder: Path, sweep: Path | None) -> list[PageFigure]:
    """Copies the plots of a sweep to the folder and returns them."""
    plots = []
    for file in sweep_plots(sweep):
        name = "-".join(file.relative_to(sweep or folder).with_suffix("").parts)
        text = _drawing(file)
        write_text(folder / "sweep" / f"{name}.svg", text)
        picture = Markup(text[text.index("<svg") :])
        plots.append(
            PageFigure(
                name, f"Sweep: {file.relative_to(sweep or folder).with_suffix('')}", picture, f"sweep/{name}.svg"
            )
        )
    return plots


def _tiles(designs: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Returns the headline figures, each with its caption."""
    clean = sum(design["lvs_match"] and not design["drc_violations"] for design in designs)
    proved = sum(design["equivalent"] for design in designs)
    tiles = [
        (f"{clean} of {len(designs)}", "layouts keep the design rules and match their circuit"),
        (f"{proved} of {len(designs)}", "layouts proved to do what the Verilog says"),
    ]
    reference = next((design for design in designs if design["name"] == REFERENCE), None)
    if reference is None:
        return tiles
    best = min(designs, key=_cost)
    tiles.append((f"{_cost(reference) / _cost(best):.1f} x", f"less area x cycle time: {best['name']}, to {REFERENCE}"))
    if has_energy(designs):
        best = min(designs, key=lambda design: design["energy_fj_per_op"])
        gain = reference["energy_fj_per_op"] / best["energy_fj_per_op"]
        tiles.append((f"{gain:.1f} x", f"less energy for an operation: {best['name']}, to {REFERENCE}"))
    return tiles


def _cost(design: dict[str, Any]) -> float:
    area: float = design["cell_area"]
    return area * float(design["cycle_time_ns"])


def _section(title: str, figures: list[PageFigure]) -> list[str]:
    return [f"## {title}\n", *map(figure_markdown, figures)] if figures else []
