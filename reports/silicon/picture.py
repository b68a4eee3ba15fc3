"""A layout as a picture: its cells, coloured by part, and its wires."""

import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from reports.figures import INK, PART_COLOURS
from reports.published import PARTS
from reports.silicon.place_route import DEF_UNITS, Routed
from reports.silicon.technology import Technology

_FILLER_COLOUR = "#efefef"
_SEGMENT = re.compile(r"(?:ROUTED|NEW) metal\d (?:\d+ )?\( (-?\d+) (-?\d+) \) \( (-?\d+|\*) (-?\d+|\*) \)")


def layout_picture(routed: Routed, technology: Technology, title: str) -> Figure:
    """Cells by part, fillers in light gray, and wires, to scale."""
    instances = {instance.name: instance for instance in routed.circuit.instances}
    corners = list(routed.places.values())
    width, height = (max(side) - min(side) for side in zip(*corners, strict=True))
    figure, axes = plt.subplots(figsize=(7, 7 * height / width + 1.2), layout="constrained")
    boxes, colours = [], []
    for name, corner in routed.places.items():
        kind = instances[name].kind if name in instances else technology.filler
        boxes.append(Rectangle(corner, technology.widths[kind], technology.row_height))
        colours.append(PART_COLOURS[instances[name].part] if name in instances else _FILLER_COLOUR)
    axes.add_collection(PatchCollection(boxes, facecolors=colours, edgecolors="white", linewidths=0.4))
    axes.add_collection(LineCollection(wires(routed.file("def")), colors=INK, linewidths=0.25, alpha=0.5))
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.set_xlabel("um")
    axes.set_ylabel("um")
    parts = {instance.part for instance in instances.values()}
    handles = [Patch(color=PART_COLOURS[part], label=part) for part in PARTS if part in parts]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    axes.set_title(title)
    return figure


def wires(definition: Path) -> list[list[tuple[float, float]]]:
    """The straight wires of a DEF file: both ends in um. A star stands for the coordinate before."""
    found = []
    for x, y, to_x, to_y in _SEGMENT.findall(definition.read_text()):
        start = int(x) / DEF_UNITS, int(y) / DEF_UNITS
        end = start[0] if to_x == "*" else int(to_x) / DEF_UNITS, start[1] if to_y == "*" else int(to_y) / DEF_UNITS
        found.append([start, end])
    return found
