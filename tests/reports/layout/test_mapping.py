"""Every way to map a unit gives a netlist that is proved equal to its Verilog, and different where it should be."""

import re
from pathlib import Path
from typing import get_args

import pytest

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from hw.mac.verilog import mac_verilog
from hw.yosys import run_yosys
from reports.cells.recipes import Recipe
from reports.cells.technology import osu018
from reports.layout.mapping import Adder, MappingOptions, can_recode, map_to_cells
from reports.mac.synthesis import NETLIST, prove_equivalent

SMALL = MacDesign(2, 1, 12, 2)
MULTIPLIER = MacDesign(4, 4, 8)
WAYS = [
    *((SMALL, MappingOptions(adder=adder)) for adder in get_args(Adder)),
    *((SMALL, MappingOptions(recipe=recipe)) for recipe in get_args(Recipe)),
    *((MULTIPLIER, MappingOptions(adder=adder, booth=True)) for adder in ("brent-kung", "ripple")),
    (SMALL, MappingOptions(10000, "ripple", recipe="area")),
]


def mapped(design: MacDesign, mapping: MappingOptions, folder: Path) -> str:
    map_to_cells(GeneratedUnit.generate(design), osu018(), mapping, folder)
    return re.sub(r"/\*.*?\*/", "", (folder / NETLIST).read_text())


@pytest.mark.debian
@pytest.mark.parametrize(("design", "mapping"), WAYS, ids=lambda one: one.name)
def test_a_mapped_unit_is_proved(design: MacDesign, mapping: MappingOptions, tmp_path: Path) -> None:
    mapped(design, mapping, tmp_path)
    assert prove_equivalent(design, tmp_path)


@pytest.mark.debian
@pytest.mark.parametrize("option", [*get_args(Adder)[1:], *get_args(Recipe)[1:]])
def test_an_option_changes_the_cells(option: str, tmp_path: Path) -> None:
    design = MacDesign(3, 1, 24, 2)  # wide enough for adders to differ
    other = MappingOptions(recipe=option) if option in get_args(Recipe) else MappingOptions(adder=option)  # type: ignore[arg-type]
    kinds = []
    for place, mapping in enumerate((MappingOptions(), other)):
        folder = tmp_path / str(place)
        folder.mkdir()
        kinds.append(
            sorted(cell.kind for cell in map_to_cells(GeneratedUnit.generate(design), osu018(), mapping, folder).cells)
        )
    assert kinds[0] != kinds[1]


@pytest.mark.debian
def test_a_netlist_with_another_cell_is_not_proved(tmp_path: Path) -> None:
    text = mapped(SMALL, MappingOptions(adder="ripple"), tmp_path)
    assert "  NAND2X1 " in text
    (tmp_path / NETLIST).write_text(text.replace("  NAND2X1 ", "  NOR2X1 ", 1))
    assert not prove_equivalent(SMALL, tmp_path)


@pytest.mark.parametrize("name", ["3x5x8", "4x4x8", "4x4x7", "3x4x12", "8x3x16", "8x8x7", "2x8x16", "3x1x8"])
def test_booth_multipliers_are_where_yosys_makes_them(name: str, tmp_path: Path) -> None:
    design = MacDesign.parse(name)
    (tmp_path / "unit.v").write_text(mac_verilog(design))
    log = run_yosys(f"read_verilog unit.v\nsynth -top {design.module} -booth -run begin:fine\n", tmp_path)
    assert can_recode(design) == ("CreateBoothMult" in log)


def test_mappings_have_names_of_their_own() -> None:
    every = [
        MappingOptions(delay, adder, booth, recipe)
        for delay in (1, 11)
        for adder in get_args(Adder)
        for booth in (False, True)
        for recipe in get_args(Recipe)
    ]
    assert len({one.name for one in every}) == len(every)
    assert MappingOptions().name == "brent-kung-1ps"


def test_options_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="adder is 'carry-skip'; allowed are brent-kung"):
        MappingOptions(adder="carry-skip")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="recipe is 'best'; allowed are delay"):
        MappingOptions(recipe="best")  # type: ignore[arg-type]
