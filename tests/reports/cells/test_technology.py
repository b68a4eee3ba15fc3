"""Technologies: installed ones and folders, and errors that name what is missing."""

import re
import shutil
from pathlib import Path

import pytest

from reports.cells.technology import check_tools, load_technology, osu018, read_technology


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
