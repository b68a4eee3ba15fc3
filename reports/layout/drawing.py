"""Draws and saves layouts with KLayout: one layer for the cells of each part, one for the wires of each metal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from reports.mac.figures import PART_COLOURS

if TYPE_CHECKING:
    from klayout.db import DBox, Layout
    from klayout.lay import LayoutView

METAL_COLOURS = ("#1f2340", "#9d0208", "#0b5d3b", "#6a1b9a", "#0b7285", "#59616b")
"""Colours of the wires by metal layer, lowest first."""

_METALS = {f"metal{level}": colour for level, colour in enumerate(METAL_COLOURS, 1)}
_INSIDE_CELLS = "metal1.PIN"  # the layer on which KLayout puts the cells' pins and supplies
_FILLER = "filler"
_FILLER_COLOUR = "#eef0f2"
_WHITE = "#ffffff"
_OPACITY = 0.6  # of metal, so that the parts show through
_MARGIN = 2.0  # um around the rows
_FIRST_PART_LAYER = 100
_DEF_UNIT = 0.01  # um
_VIEW = {
    "background-color": _WHITE,
    "grid-visible": "false",
    "text-visible": "false",
    "cell-box-visible": "false",
    "inst-visible": "false",
}


def check_viewer() -> None:
    """Raises ValueError if KLayout's Python package is missing."""
    if find_spec("klayout") is None:
        raise ValueError("klayout, which draws layouts, is not installed; pip install 'wrapmac[layout]'")


@dataclass(frozen=True)
class Drawing:
    """A layout to draw. box: the area drawn, um. metals: the metal layers that its wires use; 1 is the lowest."""

    layout: Layout
    view: LayoutView
    box: DBox
    metals: list[int]

    def picture(self, scale: float) -> Image.Image:
        """Returns the picture at `scale` pixels per um."""
        return Image.blend(self._drawn(scale, metal=False), self._drawn(scale, metal=True), _OPACITY)

    def save(self, path: Path) -> None:
        """Writes the layout to `path`.oas and its colours to `path`.lyp; `klayout PATH.oas -l PATH.lyp` opens them."""
        self.layout.write(str(path.with_name(f"{path.name}.oas")))
        self.view.save_layer_props(str(path.with_name(f"{path.name}.lyp")))

    def _drawn(self, scale: float, *, metal: bool) -> Image.Image:
        for layer in self.view.each_layer():
            layer.visible = metal or not layer.name.startswith("metal")
        size = round(self.box.width() * scale), round(self.box.height() * scale)
        drawn = self.view.get_pixels_with_options(*size, 1, 3, 0, self.box)
        return Image.open(BytesIO(drawn.to_png_data())).convert("RGB")


def draw_layout(definition: Path, shapes: Path, parts: Mapping[str, str]) -> Drawing:
    """Reads a routed layout for drawing.

    definition: DEF file of the layout. shapes: LEF file of its cells. parts: the part of each cell, by instance name;
    cells missing from it are drawn as fillers.
    """
    from klayout.db import DBox, LayerInfo
    from klayout.lay import LayoutView

    layout = _read(definition, shapes)
    top = layout.top_cell()
    kinds = (*PART_COLOURS, _FILLER)
    layers = {kind: layout.layer(LayerInfo(_FIRST_PART_LAYER + place, 0, kind)) for place, kind in enumerate(kinds)}
    (outline,) = (layer for layer in layout.layer_indexes() if layout.get_info(layer).name == "OUTLINE")
    rows = DBox()
    for instance in top.each_inst():
        name = instance.property("name")
        if name is not None:  # vias have none
            box = instance.dbbox(outline)
            top.shapes(layers[parts.get(name, _FILLER)]).insert(box)
            rows += box
    layout.delete_layer(outline)
    metals = [
        level
        for level, name in enumerate(_METALS, 1)
        if (layer := layout.find_layer(LayerInfo(name))) is not None and not top.bbox(layer).empty()
    ]
    view = LayoutView()
    view.show_layout(layout, False)
    view.max_hier()
    for key, value in _VIEW.items():
        view.set_config(key, value)
    _colour(view, layout)
    return Drawing(layout, view, rows.enlarged(_MARGIN, _MARGIN), metals)


def _read(definition: Path, shapes: Path) -> Layout:
    """Reads a DEF file as a layout whose instances have names."""
    from klayout.db import Layout, LoadLayoutOptions

    options = LoadLayoutOptions()
    reader = options.lefdef_config
    reader.dbu = _DEF_UNIT
    reader.lef_files = [str(shapes)]
    reader.read_lef_with_def = False
    reader.macro_resolution_mode = 1  # take cells from the LEF file
    reader.instance_property_name = "name"
    reader.produce_obstructions = False
    layout = Layout()
    layout.read(str(definition), options)
    return layout


def _colour(view: LayoutView, layout: Layout) -> None:
    """Colours the layers: parts at the bottom, then the metal inside cells, then wires."""
    from klayout.lay import LayerPropertiesNode

    found = {layout.get_info(layer).name: layout.get_info(layer) for layer in layout.layer_indexes()}
    colours = {_FILLER: _FILLER_COLOUR} | PART_COLOURS | {_INSIDE_CELLS: _WHITE} | _METALS
    view.clear_layers()
    for name, colour in colours.items():
        if name in found:
            shown = LayerPropertiesNode()
            shown.name = name
            shown.source = f"{found[name].layer}/{found[name].datatype}@1"
            shown.fill_color = _word(colour)
            shown.frame_color = _word(colour if name in _METALS else _WHITE)
            shown.dither_pattern = 0  # filled
            view.insert_layer(view.end_layers(), shown)


def _word(colour: str) -> int:
    return 0xFF000000 | int(colour[1:], 16)
