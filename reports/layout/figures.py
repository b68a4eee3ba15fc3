"""The dissertation's Figure 2.2 after place and route: published cycle time, area and energy beside ours."""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.layout.tables import has_energy
from reports.mac.figures import stack_parts
from reports.mac.published import MAC_UNITS, REFERENCE, PublishedMac
from reports.page.figures import INK

_NARROW = 6  # the largest number of designs whose names fit under the bars without rotation
_Parts = dict[str, float]


def can_compare(report: dict[str, Any]) -> bool:
    """Returns whether the report contains the reference design, to which all values are relative."""
    return any(design["name"] == REFERENCE for design in report["designs"])


def figure_2_2(report: dict[str, Any]) -> Figure:
    """Draws cycle time, area and energy per operation relative to 8x8x32, area and energy by part; lower is better.

    Area is for a given throughput: cell area x cycle time. Energy is omitted if it was not measured.
    """
    designs = report["designs"]
    panels: list[tuple[str, Callable[[dict[str, Any]], _Parts], Callable[[PublishedMac], _Parts]]] = [
        ("(a) cycle time", _cycle_time, lambda unit: {"": unit.cycle_time_ns}),
        ("(b) area for a throughput", _area, lambda unit: _scaled(unit.area_efficiency, unit.area_efficiency_total)),
    ]
    if has_energy(designs):
        panels.append(("(c) energy of an operation", _energy, lambda unit: _scaled(unit.energy, unit.energy_total)))
    figure, rows = plt.subplots(len(panels), figsize=(8, 2.6 * len(panels)), layout="constrained", squeeze=False)
    for axes, (title, measured, published) in zip(rows[:, 0], panels, strict=True):
        ours = _relative({design["name"]: measured(design) for design in designs})
        theirs = _relative({name: published(unit) for name, unit in MAC_UNITS.items()})
        _panel(axes, title, [theirs.get(name, {}) for name in ours], ours)
    handles, labels = rows[1, 0].get_legend_handles_labels()
    library = f"left, hatched: published (28 nm); right: {report['library']}, after place and route"
    figure.legend(handles, labels, loc="outside upper center", ncols=len(handles), frameon=False, title=library)
    return figure


def _panel(axes: Axes, title: str, published: list[_Parts], ours: dict[str, _Parts]) -> None:
    whole = {"": INK}
    names = list(ours)
    if any("" in bar for bar in ours.values()):
        stack_parts(axes, names, published, list(ours.values()), whole)
    else:
        stack_parts(axes, names, published, list(ours.values()))
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_ylabel(f"relative to {REFERENCE}")
    axes.margins(y=0.15)
    if len(names) > _NARROW:
        axes.tick_params(axis="x", rotation=45)


def _cycle_time(design: dict[str, Any]) -> _Parts:
    return {"": design["cycle_time_ns"]}


def _area(design: dict[str, Any]) -> _Parts:
    return {part: area * design["cycle_time_ns"] for part, area in design["area_by_part"].items()}


def _energy(design: dict[str, Any]) -> _Parts:
    return dict(design["energy_by_part"])


def _scaled(parts: _Parts, total: float) -> _Parts:
    """Returns the parts scaled to add up to the total: the published values are rounded."""
    return {part: value * total / sum(parts.values()) for part, value in parts.items()}


def _relative(bars: dict[str, _Parts]) -> dict[str, _Parts]:
    """Returns the bars relative to the total of 8x8x32."""
    whole = sum(bars[REFERENCE].values())
    return {name: {part: value / whole for part, value in bar.items()} for name, bar in bars.items()}
