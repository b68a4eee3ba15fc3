"""Pictures of layouts: cells in their parts' colours, wires over them, to scale; and files that KLayout opens."""

from pathlib import Path

import pytest
from klayout.db import Layout
from PIL import Image, ImageColor

from hw.mac.design import MacDesign
from reports.layout import drawing
from reports.layout.candidate import Candidate
from reports.layout.circuit import Circuit, Instance
from reports.layout.drawing import check_viewer, draw_layout
from reports.layout.mapping import MappingOptions
from reports.layout.picture import OVERVIEW, PICTURE, write_layout_pictures
from reports.layout.place_route import Routed
from reports.layout.timing import Timing
from reports.layout.timing_path import TimingPath
from reports.mac.figures import PART_COLOURS

SHAPES = """VERSION 5.4 ;
UNITS
  DATABASE MICRONS 1000 ;
END UNITS
LAYER metal1
  TYPE ROUTING ;
  DIRECTION HORIZONTAL ;
  WIDTH 1.0 ;
END metal1
LAYER via
  TYPE CUT ;
END via
LAYER metal2
  TYPE ROUTING ;
  DIRECTION VERTICAL ;
  WIDTH 1.0 ;
END metal2
MACRO CELL
  CLASS CORE ;
  ORIGIN 0 0 ;
  SIZE 20 BY 10 ;
END CELL
END LIBRARY
"""

# Three cells beside each other, the last a filler, and a wire across the middle of all rows.
CELLS = (
    "- CELL_1 CELL + PLACED ( 0 0 ) N ;\n- CELL_2 CELL + PLACED ( 2000 0 ) FS ;\n- FILL_1 CELL + PLACED ( 4000 0 ) N ;"
)
DEFINITION = f"""VERSION 5.6 ;
DESIGN unit ;
UNITS DISTANCE MICRONS 100 ;
DIEAREA ( 0 0 ) ( 6000 1000 ) ;
COMPONENTS 3 ;
{CELLS}
END COMPONENTS
NETS 1 ;
- a ( CELL_1 A )
  + ROUTED metal2 ( 100 500 ) ( 5900 500 ) ;
END NETS
END DESIGN
"""

CELL_AREA = 200.0


def candidate(name: str, folder: Path) -> Candidate:
    design = MacDesign.parse(name)
    instances = [
        Instance("CELL_1", "CELL", "multiplier", {"Y": "a"}, "Y"),
        Instance("CELL_2", "CELL", "cyclic", {"Y": "b"}, "Y"),
    ]
    routed = Routed(Circuit(design.module, [], [], instances, {}), folder / name, 600.0)
    routed.file("def").parent.mkdir(parents=True)
    routed.file("def").write_text(DEFINITION)
    areas = {"multiplier": CELL_AREA, "accumulator": 0.0, "cyclic": CELL_AREA, "auxiliary": 0.0}
    timing = Timing(1.0, TimingPath("CELL_1", 0.5, (), "CELL_2", 0.5, 0.0), 0.1)
    return Candidate(design, MappingOptions(), folder, routed, timing, 400.0, areas)


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    path = tmp_path / "cells.lef"
    path.write_text(SHAPES)
    return path


def test_cells_have_the_colours_of_their_parts_and_wires_lie_over_them(tmp_path: Path, shapes: Path) -> None:
    one = candidate("3x1x8k2", tmp_path)
    drawn = draw_layout(one.routed.file("def"), shapes, {"CELL_1": "multiplier", "CELL_2": "cyclic"})
    assert drawn.metals == [2]
    picture = drawn.picture(10)
    assert picture.size == (640, 140)  # 60 by 10 um, and 2 around

    def colour(x: float, y: float) -> tuple[int, ...]:
        """At so many um from the lower left corner of the cells."""
        found = picture.getpixel((round(10 * (x + 2)), round(10 * (12 - y))))
        assert isinstance(found, tuple)
        return found

    assert colour(10, 8) == ImageColor.getrgb(PART_COLOURS["multiplier"])
    assert colour(30, 8) == ImageColor.getrgb(PART_COLOURS["cyclic"])
    assert colour(50, 8) == ImageColor.getrgb("#eef0f2")
    assert colour(-1, 8) == (255, 255, 255)
    wire = ImageColor.getrgb(drawing.METAL_COLOURS[1])
    for x, part in ((10, "multiplier"), (30, "cyclic")):
        below = ImageColor.getrgb(PART_COLOURS[part])
        for found, over, under in zip(colour(x, 5), wire, below, strict=True):
            assert min(over, under) <= found <= max(over, under)
        assert colour(x, 5) not in (wire, below)


def test_each_layout_and_all_together_are_drawn_with_files_for_klayout(tmp_path: Path, shapes: Path) -> None:
    names = ("3x1x8k2", "3x1x8k4")
    for name in names:
        (tmp_path / name).mkdir()
    write_layout_pictures([candidate(name, tmp_path) for name in names], shapes, tmp_path)
    blue = ImageColor.getrgb(PART_COLOURS["multiplier"])

    def blue_area(path: Path) -> int:
        with Image.open(path) as picture:
            assert picture.size[0] >= 1000
            return sum(count for count, colour in picture.convert("RGB").getcolors(1 << 24) or [] if colour == blue)

    alone = blue_area(tmp_path / "3x1x8k2" / PICTURE)
    together = blue_area(tmp_path / OVERVIEW)
    assert alone > 400 * 150  # a third of 1400 pixels wide
    assert 0.8 < together / 2 / (alone / 4) < 1.2  # two beside each other are half as wide, both in one scale
    for name in names:
        layout = Layout()
        layout.read(str(tmp_path / name / f"{name}.oas"))
        areas = {layout.get_info(at).name: layout.top_cell().dbbox(at).area() for at in layout.layer_indexes()}
        assert areas["multiplier"] == areas["cyclic"] == areas["filler"] == pytest.approx(CELL_AREA)
        assert areas["accumulator"] == 0
        assert PART_COLOURS["multiplier"] in (tmp_path / name / f"{name}.lyp").read_text()


def test_klayout_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    check_viewer()
    monkeypatch.setattr(drawing, "find_spec", lambda _name: None)
    with pytest.raises(ValueError, match=r"pip install 'wrapmac\[layout\]'"):
        check_viewer()
