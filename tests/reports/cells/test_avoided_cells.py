"""Cells to avoid: by patterns of their names, or because their library marks them."""

import re
from pathlib import Path

import pytest

from reports.cells.liberty import load_library
from reports.cells.library import Library
from tests.support.liberty import BUFFER, CELLS, INVERTER, NAND

WHOLE = f"library (mine) {{ {CELLS} }}"


@pytest.mark.parametrize("pattern", ["", "a b", 'a"b', "#", "a; log hi", "X\nshell", "{INV}", "-D", "\xc9*", "a/b"])
def test_patterns_are_letters_digits_and_wildcards(pattern: str) -> None:
    with pytest.raises(ValueError, match=f"dont_use is {re.escape(repr(pattern))}; allowed are letters, digits"):
        load_library("builtin", (pattern,))


def test_cells_to_avoid_are_marked_in_what_tools_read() -> None:
    library = Library("x", WHOLE, ("NAN?", "[BX]UF", "DFF$"))
    assert set(library.chosen_cells) == {"INV", "DFF"}
    assert re.findall(r"cell \((\w+)\) \{\s+dont_use : true;", library.usable_text) == ["BUF", "NAND"]
    assert library.unmatched(("NAND", "X*", "NOR?")) == ["X*", "NOR?"]


@pytest.mark.parametrize(
    ("mark", "avoided"),
    [
        ("dont_use : true;", True),
        ('dont_use : "TRUE";', True),
        ("is_level_shifter : true;", True),
        ("is_isolation_cell : true;", True),
        ('clock_gating_integrated_cell : "latch_posedge";', True),
        ("dont_use : false; is_level_shifter : false;", False),
        ("dont_touch : true;", False),
    ],
)
def test_a_librarys_own_marks_are_followed(mark: str, avoided: bool, tmp_path: Path) -> None:
    shifter = BUFFER.replace("BUF", "SHIFT").replace("area : 1;", f"area : 0.1; {mark}")
    marked = Library("x", f"library (x) {{ {CELLS} {shifter} }}")
    assert ("SHIFT" in marked.chosen_cells, marked.driver) == ((False, "BUF") if avoided else (True, "SHIFT"))
    in_copy = re.findall(r"cell \((\w+)\) \{\s+dont_use : true;", marked.usable_text)
    assert in_copy == (["SHIFT"] if avoided else [])
    inverters = Library("x", f"library (x) {{ {CELLS.replace('(INV) {', '(INV) {' + mark)} }}")
    assert inverters.missing == (["an inverter"] if avoided else [])
    path = tmp_path / "all.lib"
    path.write_text(f"library (x) {{ {CELLS.replace(' area', f' {mark} area')} }}")
    if avoided:
        with pytest.raises(ValueError, match=r"all\.lib has no cell for logic; avoided are INV, BUF, NAND, DFF$"):
            load_library(str(path))


@pytest.mark.parametrize(
    ("cells", "patterns", "avoided"),
    [
        (CELLS.replace("(DFF) {", "(DFF) { dont_use : true;"), (), "DFF"),
        (CELLS, ("D*", "N*"), "NAND, DFF"),
    ],
)
def test_cells_to_avoid_are_named_where_flip_flops_are_missing(
    cells: str, patterns: tuple[str, ...], avoided: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.lib").write_text(f"library (x) {{ {cells} }}")
    with pytest.raises(ValueError, match=f"has no flip-flops .*; avoided are {avoided}$"):
        load_library(str(tmp_path / "mine.lib"), patterns)


@pytest.mark.parametrize(
    ("pattern", "avoided"),
    [("N[0]", {"N[0]", "N0"}), ("N[?]", {"N[0]", "N[1]"}), ("?[1]", {"N[1]"}), ("N*", {"N[0]", "N[1]", "N0"})],
)
def test_brackets_in_patterns_are_also_those_of_names(pattern: str, avoided: set[str]) -> None:
    gates = " ".join(NAND.replace("NAND", name) for name in ("N[0]", "N[1]", "N0"))
    library = Library("x", f"library (x) {{ {INVERTER} {gates} }}", (pattern,))
    assert library.cells.keys() - library.chosen_cells.keys() == avoided
    assert library.unmatched((pattern,)) == []


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (("*",), r"dont_use leaves no cell of .*mine\.lib: \*"),
        (("DFF", "N*"), "mine.lib has no flip-flops"),
        (("INV", "BUF", "NAND"), "mine.lib has no gates"),
    ],
)
def test_nothing_is_left_after_some_patterns(patterns: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.lib").write_text(WHOLE)
    with pytest.raises(ValueError, match=message):
        load_library(str(tmp_path / "mine.lib"), patterns)
