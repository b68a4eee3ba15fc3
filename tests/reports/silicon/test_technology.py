"""The installed technology, with the areas of its layouts."""

import re
import shutil

import pytest

from reports.silicon.technology import check_tools, osu018


def test_areas_are_those_of_the_cells_layouts() -> None:
    technology = osu018()
    assert technology.area("OAI21X1") == pytest.approx(32)
    assert technology.area("DFFPOSX1") == pytest.approx(96)
    stated = dict(
        re.findall(r"cell \((\w+)\)\s*\{(?:(?!cell \().)*?area\s*:\s*([\d.]+)", technology.liberty, re.DOTALL)
    )
    assert len(stated) > 25
    for cell, area in stated.items():
        if cell in technology.widths:
            assert float(area) == pytest.approx(technology.area(cell)), cell


def test_missing_tools_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool in ("sta", "magic") else tool)
    with pytest.raises(ValueError, match=r"a layout needs tools that are missing; apt-get install magic opensta$"):
        check_tools()
