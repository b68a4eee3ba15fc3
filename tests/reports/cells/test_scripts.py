"""Scripts of tools are the same whatever a library, its cells and the folders are called."""

from pathlib import Path

import pytest

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from hw.yosys import YosysError
from reports.cells.library import Library
from reports.cells.opensta import TimingError
from reports.cells.technology import read_technology
from reports.layout import mapping, timing
from reports.mac import synthesis
from tests.support.liberty import CELLS, NAND
from tests.support.technology import small_technology

UNIT = GeneratedUnit.generate(MacDesign.parse("1x1x2"))
STRANGE = "a; shell touch made\nb [exec touch made] $(touch made) `touch made`"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The scripts that tools are given; they do not run."""
    seen: list[str] = []

    def keep(script: str, *_: object) -> None:
        seen.append(script)
        raise YosysError("kept") if "synth" in script else TimingError("kept")

    monkeypatch.setattr(synthesis, "run_yosys", keep)
    monkeypatch.setattr(mapping, "run_yosys", keep)
    monkeypatch.setattr(timing, "run_opensta", keep)
    return seen


def test_nothing_of_a_library_is_in_the_script_that_maps_onto_it(scripts: list[str], tmp_path: Path) -> None:
    evil = NAND.replace("(NAND)", f'("{STRANGE}")').replace("(A)", '("A; shell")')
    for name, folder, cells in (("x", "plain", ""), (STRANGE, STRANGE, evil)):
        library = Library(name, f'library ("{name}") {{ {CELLS} {cells} }}', ("N[A]ND",))
        for fast in (False, True):
            with pytest.raises(ValueError, match="cannot be mapped"):
                synthesis.synthesize(UNIT, library, tmp_path / folder, fast=fast)
    assert scripts[:2] == scripts[2:]


def test_nothing_of_a_folder_is_in_the_scripts_of_a_layout(scripts: list[str], tmp_path: Path) -> None:
    for name in ("plain", STRANGE):
        folder = tmp_path / name
        folder.mkdir()
        technology = read_technology(str(small_technology(folder)))
        with pytest.raises(YosysError, match="kept"):
            mapping.map_to_cells(UNIT, technology, mapping.MappingOptions(), folder)
        with pytest.raises(TimingError, match="kept"):
            timing.analyse("mac", folder / "cells.lib", folder / "circuit.v", folder / "none.spef", folder)
    assert scripts[:2] == scripts[2:]
    assert not any("touch" in script for script in scripts)
