"""Liberty libraries: the built-in one, files, units and drivers, and errors about unusable files."""

import gzip
import re
from pathlib import Path

import pytest

from reports.cells.liberty import load_library
from reports.cells.library import Library
from sim.gates.cells import read_cells
from tests.support.liberty import FLIP_FLOP, INVERTER


def test_the_builtin_library_has_the_cells_of_its_table() -> None:
    text = load_library("builtin").text
    areas = dict(re.findall(r"cell \((\w+)\) \{\s+area : ([\d.]+);", text))
    assert len(areas) == 65
    assert (areas["NAND2_X1"], areas["DFF_X1"], areas["XNOR2_X2"]) == ("0.798", "4.522", "2.66")
    assert 'function : "!((A1 & A2) & A3)"' in text
    assert text.count("{") == text.count("}")


def test_a_file_is_read_plain_or_gzipped(tmp_path: Path) -> None:
    text = f"library (mine) {{ {INVERTER} {FLIP_FLOP} }}"
    (tmp_path / "mine.lib").write_text(text)
    (tmp_path / "mine.lib.gz").write_bytes(gzip.compress(text.encode()))
    assert load_library(str(tmp_path / "mine.lib")).text == text
    assert load_library(str(tmp_path / "mine.lib.gz")).text == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"library (x) {{ {INVERTER} }}", "has no flip-flops"),
        (f"library (x) {{ {INVERTER} /* ff (a, b) */ }}", "has no flip-flops"),
        (f"library (x) {{ {FLIP_FLOP.replace('function', 'timing')} }}", "has no gates"),
        (f"library (x) {{ {INVERTER} {FLIP_FLOP}", "is truncated: its braces do not match"),
        ("module x; endmodule", "is not a Liberty file"),
        ("", "is not a Liberty file"),
    ],
)
def test_unusable_files_are_named(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.lib"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"bad\.lib {message}"):
        load_library(str(path))


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    known = "a library is 'builtin', a Liberty file, several separated by commas, or a folder"
    with pytest.raises(ValueError, match=rf"none\.lib: no such file; {known}"):
        load_library(str(tmp_path / "none.lib"))
    (tmp_path / "cut.lib.gz").write_bytes(gzip.compress(b"library" * 1000)[:20])
    with pytest.raises(ValueError, match=r"cut\.lib\.gz cannot be read"):
        load_library(str(tmp_path / "cut.lib.gz"))
    with pytest.raises(ValueError, match="cannot be read"):
        load_library(str(tmp_path))


UNITS = 'time_unit : "1ps"; capacitive_load_unit (1, ff);'


def test_a_library_in_several_files_is_one(tmp_path: Path) -> None:
    (tmp_path / "mine_gates.lib").write_text(f"library (gates) {{ {UNITS} {INVERTER} }}")
    (tmp_path / "mine_registers.lib").write_text(f"/* }} */ library (registers) {{ {UNITS} {FLIP_FLOP} }}")
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    whole = load_library(str(tmp_path))
    assert set(read_cells(whole.text)) == {"INV", "DFF"}
    assert load_library(",".join(paths)).text == whole.text
    assert (whole.name, load_library(",".join(paths)).name) == (tmp_path.name, "mine")
    with pytest.raises(ValueError, match="has no flip-flops"):
        load_library(paths[0])


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (f'library (b) {{ time_unit : "1ns"; capacitive_load_unit (1, ff); {FLIP_FLOP} }}', "their units differ"),
        (f"library (b) {{ {UNITS} {INVERTER} {FLIP_FLOP} }}", "both have a cell INV"),
        ("nothing", "is not a Liberty file"),
    ],
)
def test_files_that_are_not_one_library_are_refused(second: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.lib").write_text(f"library (a) {{ {UNITS} {INVERTER} }}")
    (tmp_path / "b.lib").write_text(second)
    with pytest.raises(ValueError, match=message):
        load_library(str(tmp_path))


def test_a_folder_without_libraries_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (str(tmp_path), "."):
        with pytest.raises(ValueError, match="holds no Liberty files"):
            load_library(name)


@pytest.mark.parametrize(
    ("units", "nanoseconds", "load"),
    [
        (UNITS, 0.001, 12),
        ('time_unit : 100ps ; capacitive_load_unit (1.0, "pf");', 0.1, 12000),
        ('time_unit\t: "1ns"; capacitive_load_unit (10,ff);', 1, 120),
    ],
)
def test_units_are_read(units: str, nanoseconds: float, load: float) -> None:
    pins = "pin (A) { capacitance : 3; } pin (B) { capacitance : 2.0; } pin (C) { capacitance : 7; }"
    library = Library("x", f"library (x) {{ {units} cell (c) {{ {pins} pin (Y) {{ max_capacitance : 99; }} }} }}")
    assert library.time_unit == pytest.approx(nanoseconds)
    assert library.output_load == pytest.approx(load)


def test_the_smallest_buffer_drives() -> None:
    buffers = [
        INVERTER.replace("INV", name).replace("!A", "A").replace("area : 1", f"area : {area}")
        for name, area in (("BUF4", 4), ("BUF2", 2), ("HOLD", 1))
    ]
    text = f"library (x) {{ cell (FILL) {{ area : 0.5; }} {INVERTER} {' '.join(buffers)} {FLIP_FLOP} }}"
    assert Library("x", text).driver == "HOLD"
    assert Library("x", text, ("HO*",)).driver == "BUF2"
    assert Library("x", f"library (x) {{ {INVERTER} }}").driver is None


@pytest.mark.debian
def test_an_installed_technology_has_the_areas_of_its_layouts() -> None:
    library = load_library("osu018")
    assert library.name == "OSU 180 nm"
    assert dict(re.findall(r"cell \((\w+)\) \{.*?area : ([\d.]+)", library.text, re.DOTALL))["OAI21X1"] == "32"
