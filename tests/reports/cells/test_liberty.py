"""Liberty libraries: the built-in one, files, units and drivers, and errors about unusable files."""

import gzip
import re
from pathlib import Path

import pytest

from reports.cells.liberty import load_library
from reports.cells.library import Library
from sim.gates import liberty
from sim.gates.cells import read_cells
from sim.gates.liberty import Group
from tests.support.liberty import BUFFER, CELLS, FLIP_FLOP, INVERTER, NAND, RAM


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


WHOLE = f"library (mine) {{ {CELLS} }}"
PACKED = gzip.compress(WHOLE.encode(), mtime=0)  # a time would give the cases below other names in each process


def test_comments_in_latin_1_and_windows_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.lib"
    dos = f"{WHOLE}\r\n\x1a".encode()
    for data in (f"/* \xa9 */ {WHOLE}".encode("latin-1"), f"\ufeff// \xa9\r\n{WHOLE}".encode(), WHOLE.encode(), dos):
        path.write_bytes(data)
        assert set(load_library(str(path)).cells) == {"INV", "BUF", "NAND", "DFF"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (WHOLE.encode("utf-16"), r"is not text in UTF-8 or Latin-1: byte \d+ is 0x00, as in UTF-16"),
        (WHOLE.encode("utf-16-le"), "0x00, as in UTF-16"),
        (b"\x7fELF" + WHOLE.encode(), "is not text in UTF-8 or Latin-1: byte 0 is 0x7f"),
        (WHOLE.encode() + b"\0", "0x00"),
        (WHOLE.replace("INV", "\x1aINV").encode(), "0x1a"),
        (WHOLE.replace("INV", "IN\xc9").encode("latin-1"), None),
        (PACKED[:-20], "cannot be read: "),
        (PACKED[:40] + b"\0" * 40, "cannot be read: "),
        (PACKED + b"garbage", "cannot be read: "),
    ],
)
def test_damaged_files_are_named(data: bytes, message: str | None, tmp_path: Path) -> None:
    (tmp_path / "mine.lib").write_bytes(data)
    if message is None:
        assert load_library(str(tmp_path / "mine.lib")).note == "mine.lib: 1 of 4 cells cannot be used: 'IN\xc9' (name)"
        return
    with pytest.raises(ValueError, match=rf"mine\.lib {message}|mine\.lib is not text .*{message}"):
        load_library(str(tmp_path / "mine.lib"))


def test_names_with_commas_are_files_if_they_exist(tmp_path: Path) -> None:
    (tmp_path / "a,b.lib").write_text(WHOLE)
    assert load_library(str(tmp_path / "a,b.lib")).name == "a,b.lib"
    (tmp_path / "more.lib").write_text(f"library (more) {{ {NAND.replace('NAND', 'MORE')} }}")
    both = load_library(f"{tmp_path}/more.lib,{tmp_path}/a,b.lib")
    assert set(both.cells) == {"INV", "BUF", "NAND", "DFF", "MORE"}
    with pytest.raises(ValueError, match="xxx: no such file"):
        load_library(",".join([str(tmp_path / ("x" * 200))] * 30))
    with pytest.raises(ValueError, match="/b: no such file"):
        load_library(f"{tmp_path}/a,b.lib,{tmp_path}/b")


def test_a_note_counts_and_names_the_cells_that_cannot_be_used() -> None:
    assert Library("x", WHOLE).note is None
    assert Library("x", f"library (x) {{ {CELLS} {RAM} }}").note == "x: 1 of 5 cells cannot be used: RAM (has a bus)"
    assert Library("x", f"library (x) {{ {CELLS} {RAM} }}", ("R*",)).note is None
    many = " ".join(RAM.replace("RAM", f"RAM{number}") for number in range(20))
    note = Library("x", f"library (x) {{ {CELLS} {many} }}").note
    assert note is not None
    assert note.startswith("x: 20 of 24 cells cannot be used: RAM0 (has a bus), RAM1 (has a bus), ")
    assert note.endswith("RAM11 (has a bus) and 8 more")


def test_second_definitions_are_named_and_not_counted() -> None:
    twice = "second definitions are ignored: BUF"
    assert Library("x", f"library (x) {{ {CELLS} {BUFFER} }}").note == f"x: {twice}"
    note = Library("x", f"library (x) {{ {CELLS} {BUFFER} {RAM} {RAM} {BUFFER} }}").note
    assert note == f"x: 1 of 5 cells cannot be used: RAM (has a bus); {twice}, RAM"


GATED = FLIP_FLOP.replace('"D"', '"D & E"').replace("(D)", "(D, E)")


@pytest.mark.parametrize(
    ("left", "missing"),
    [
        (CELLS, []),
        (f"{INVERTER} {FLIP_FLOP}", ["a buffer", "a two-input gate"]),
        (f"{NAND} {GATED}", ["a buffer", "an inverter", "a D flip-flop"]),
    ],
)
def test_what_a_library_lacks_is_known(left: str, missing: list[str]) -> None:
    assert Library("x", f"library (x) {{ {left} }}").missing == missing


def test_a_library_of_unusable_cells_is_refused_with_the_reasons(tmp_path: Path) -> None:
    clockless = FLIP_FLOP.replace('clocked_on : "C";', "")
    (tmp_path / "mine.lib").write_text(f"library (x) {{ {INVERTER} {clockless} }}")
    with pytest.raises(ValueError, match=r"has no flip-flops .*: 1 of 2 cells cannot be used: DFF \(no clocked_on\)"):
        load_library(str(tmp_path / "mine.lib"))


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


def test_each_file_of_a_library_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for at, cell in enumerate((INVERTER, BUFFER, NAND, FLIP_FLOP)):
        (tmp_path / f"{at}.lib").write_text(f"library (part{at}) {{ {cell} }}")
    parsed: list[str] = []

    def counted(text: str) -> Group:
        parsed.append(text)
        return parse(text)

    parse = liberty._root
    monkeypatch.setattr(liberty, "_root", counted)
    whole = load_library(str(tmp_path))
    assert (set(whole.chosen_cells), len(parsed)) == ({"INV", "BUF", "NAND", "DFF"}, 5)


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


def test_other_units_are_refused() -> None:
    for unit, message in (('"1fs"', "x has the time_unit '1fs'; known are numbers of ns, ps, us"), ("fast", "'fast'")):
        with pytest.raises(ValueError, match=message):
            Library("x", f"library (x) {{ time_unit : {unit}; {CELLS} }}").time_unit  # noqa: B018


@pytest.mark.debian
def test_an_installed_technology_has_the_areas_of_its_layouts() -> None:
    library = load_library("osu018")
    assert library.name == "OSU 180 nm"
    assert dict(re.findall(r"cell \((\w+)\) \{.*?area : ([\d.]+)", library.text, re.DOTALL))["OAI21X1"] == "32"
