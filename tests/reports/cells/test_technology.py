"""Technologies: installed ones and folders, and errors that name what is missing."""

import re
import shutil
from pathlib import Path

import pytest

from reports.cells.technology import check_tools, load_technology, osu018, read_technology
from tests.support.liberty import NAND
from tests.support.technology import small_technology


@pytest.mark.debian
def test_areas_are_those_of_the_cells_layouts() -> None:
    technology = osu018()
    assert technology.area("OAI21X1") == pytest.approx(32)
    assert technology.area("DFFPOSX1") == pytest.approx(96)
    stated = dict(
        re.findall(r"cell \((\w+)\)\s*\{(?:(?!cell \().)*?area\s*:\s*([\d.]+)", technology.library.text, re.DOTALL)
    )
    assert len(stated) > 25
    for cell, area in stated.items():
        if cell in technology.widths:
            assert float(area) == pytest.approx(technology.area(cell)), cell


@pytest.mark.debian
def test_missing_tools_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool in ("sta", "magic") else tool)
    with pytest.raises(ValueError, match=r"a layout needs tools that are missing; apt-get install magic opensta$"):
        check_tools()


def technology(folder: Path) -> Path:
    """Copies osu018 under another name."""
    mine = folder / "mine"
    shutil.copytree(osu018().folder, mine)
    for path in list(mine.iterdir()):
        if path.name.startswith("osu018") and "stdcells" not in path.name:
            path.rename(mine / path.name.replace("osu018", "mine"))
    script = mine / "mine.sh"
    script.write_text(script.read_text().replace("osu018.magicrc", "mine.magicrc"))
    return mine


@pytest.mark.debian
def test_a_folder_is_read_like_an_installed_technology(tmp_path: Path) -> None:
    mine, original = read_technology(str(technology(tmp_path))), osu018()
    assert (mine.name, mine.library.name, original.library.name) == ("mine", "mine", "OSU 180 nm")
    assert mine.widths == original.widths
    assert (mine.row_height, mine.clock_pin, mine.buffer.cell) == (10, "CLK", "BUFX2")
    assert mine.library.constraints == "set_driving_cell BUFX2\nset_load 30\n"
    assert mine.slowness == pytest.approx(1)
    assert mine.density is None


@pytest.mark.debian
@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("mine.par", None, r"is not a qflow technology: it lacks mine\.par"),
        ("mine.sh", None, r"is not a qflow technology: it lacks mine\.sh"),
        ("osu018_stdcells.lef", None, r"it lacks osu018_stdcells\.lef"),
        ("mine.sh", ("set clkbufcell=CLKBUF1", ""), "does not set what a layout needs: clkbufcell"),
        ("mine.sh", ("set clkbufcell=CLKBUF1", "set clkbufcell=CLKBUF9"), "lacks cells that a layout needs: CLKBUF9"),
    ],
)
def test_what_a_technology_lacks_is_named(
    file: str, change: tuple[str, str] | None, message: str, tmp_path: Path
) -> None:
    mine = technology(tmp_path)
    if change is None:
        (mine / file).unlink()
    else:
        (mine / file).write_text((mine / file).read_text().replace(*change))
    with pytest.raises(ValueError, match=message):
        read_technology(str(mine))


@pytest.mark.debian
def test_an_unknown_technology_is_named() -> None:
    with pytest.raises(ValueError, match=r"no technology 'osu999': it is neither a folder nor installed; .*osu018"):
        load_technology("osu999")


def test_a_small_technology_is_read(tmp_path: Path) -> None:
    found = read_technology(str(small_technology(tmp_path)))
    assert found.library.note is None
    assert (found.density, found.row_height, found.area("NAND")) == (0.75, 10, pytest.approx(24))
    assert found.library.cells["NAND"].area == 24
    assert found.settings["addspacers_options"] == "-stripe 2.0 50.0 PG"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("touch made", r"is 'touch made'; allowed are `set NAME=VALUE` and comments"),
        ("set separator=`touch made`", "is 'set separator=`touch"),
        ('set separator="`touch made`"', "sets separator to '`touch made`'; allowed are plain words and numbers"),
        ('set separator="$(touch made)"', "sets separator to "),
        ("set gdsfile=[exec_touch_made]", "sets gdsfile to "),
        ("set gdsfile=a.gds;touch made", "is '|is \""),
        ("set gdsfile=a.gds\ttouch made", "is '|is \""),
        ("set gdsfile=a.gds | touch made", "is '|is \""),
        ("set gdsfile='a.gds\\", "is '|is \""),
        ("set gdsfile={a}.gds", "sets gdsfile to "),
        ("setenv PATH .", "is '|is \""),
        ("set path=.", "sets path, which belongs to qflow"),
        ("set bindir=/made", "sets bindir, which belongs to qflow"),
        ('set qrouter_options="-s /made.tcl"', "sets qrouter_options to '-s /made.tcl'"),
        ("set flopcell=DFF.X", "sets flopcell to 'DFF.X'; allowed is a name of letters, digits and _"),
        ("set bufpin_in=C", "sets bufpin_in to C, which BUF lacks"),
    ],
)
def test_a_script_that_does_more_than_set_plain_variables_is_refused(line: str, message: str, tmp_path: Path) -> None:
    mine = small_technology(tmp_path)
    with (mine / "small.sh").open("a") as file:
        file.write(line)
    with pytest.raises(ValueError, match=rf"small\.sh (line 20 )?({message})"):
        read_technology(str(mine))


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (
            "small.lef",
            ("MACRO INV", "MACRO IN[exec"),
            r"small.lef has a MACRO of the name 'IN\[exec'; allowed are plain",
        ),
        ("small.lef", ("PIN Y", "PIN $Y"), r"small.lef has a PIN of the name '\$Y'"),
        ("small.lef", ("1.6 BY", "1.6.1 BY"), "small.lef gives INV a size of '1.6.1'; allowed are positive numbers"),
        ("small.lef", ("9.6 BY 10.0", "9.6 BY 0"), "small.lef gives DFF a size of '0'"),
        ("small.lef", ("VERSION", "\0"), "small.lef is not text"),
        ("small.sh", ("set", "\0"), "small.sh is not text"),
        ("small.lib", ("pf", "ff"), "small.lib does not give the capacitance of NAND in pF"),
        ("small.lib", ("0.1, 0.2", "-0.1, -0.2"), "small.lib gives DFF a median delay of -0.1"),
        ("small.lib", ("cell_rise", "cell_fall"), "small.lib has no cell_rise for DFF"),
        ("small.lib", ("time_unit", "}"), "small.lib cannot be read at line 1"),
        ("small.lib", ('clocked_on : "C";', ""), "small.sh names DFF, which the Liberty file lacks or which cannot be"),
    ],
)
def test_damaged_files_of_a_technology_are_named(
    file: str, change: tuple[str, str], message: str, tmp_path: Path
) -> None:
    mine = small_technology(tmp_path)
    (mine / file).write_text((mine / file).read_text().replace(*change))
    with pytest.raises(ValueError, match=message):
        read_technology(str(mine))


def test_cells_that_cannot_be_laid_out_are_named(tmp_path: Path) -> None:
    mine = small_technology(tmp_path)
    (mine / "small.sh").write_bytes((mine / "small.sh").read_bytes() + b"# \xa9\n")
    more = [NAND.replace("NAND", "BIG"), NAND.replace("(NAND)", '("N[0]")'), NAND.replace("NAND", "PADX")]
    text = (mine / "small.lib").read_text()
    (mine / "small.lib").write_text(text.replace("cell (INV)", f"{' '.join(more)} cell (INV)"))
    found = read_technology(str(mine)).library
    assert found.note == (
        "small: 2 of 7 cells cannot be used: BIG (no outline of the rows' height), "
        "N[0] (a name with more than letters, digits and _)"
    )
    assert set(found.chosen_cells) == {"INV", "BUF", "NAND", "DFF"}


@pytest.mark.parametrize("name", ["a;b", "a b", "a$b", "a[b]", "a`b`"])
def test_a_technology_has_a_plain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"has the name {re.escape(repr(name))}; allowed are letters, digits"):
        read_technology(str(small_technology(tmp_path, name)))
