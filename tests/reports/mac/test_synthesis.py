"""Mapped netlists are proved and complete; a tampered netlist is refuted."""

import re
from pathlib import Path

import pytest

from hw.mac.design import PUBLISHED, MacDesign
from hw.mac.generated import GeneratedUnit
from reports.cells.liberty import load_library
from reports.cells.library import Library
from reports.mac.synthesis import MODELS, NETLIST, prove_equivalent, synthesize
from sim.mac.bench import BenchJob, simulate
from sim.simulators import SimulatorName
from tests.support.liberty import FLIP_FLOP, INVERTER

DESIGN = PUBLISHED["3x1x8k2"]


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mapped")
    netlist = synthesize(GeneratedUnit.generate(DESIGN), load_library("builtin"), folder)
    assert netlist.equivalent
    return folder


def test_areas_add_up_from_the_cells_of_the_netlist(mapped: Path) -> None:
    library = load_library("builtin")
    areas = dict(re.findall(r"cell \((\w+)\) \{\s+area : ([\d.]+);", library.text))
    netlist = synthesize(GeneratedUnit.generate(DESIGN), library, mapped)
    cells = re.findall(r"^  (\w+_X\d) ", (mapped / NETLIST).read_text(), re.MULTILINE)
    assert netlist.cells == len(cells)
    assert netlist.area == pytest.approx(sum(float(areas[cell]) for cell in cells))
    assert netlist.area == pytest.approx(sum(netlist.area_by_part.values()))
    assert min(netlist.area_by_part.values()) > 0


@pytest.mark.parametrize("name", ["1x1x2", "4x2x12k4", "5x3x7k3", "8x8x8k4"])
def test_units_of_other_parameters_are_proved(name: str, tmp_path: Path) -> None:
    design = MacDesign.parse(name)
    netlist = synthesize(GeneratedUnit.generate(design), load_library("builtin"), tmp_path)
    assert netlist.equivalent
    assert (netlist.area_by_part["cyclic"] > 0) == (design.slope is not None)


def test_one_wrong_gate_is_refuted(mapped: Path, tmp_path: Path) -> None:
    for name in ("unit.v", "models.v"):
        (tmp_path / name).write_text((mapped / name).read_text())
    text = (mapped / NETLIST).read_text()
    for cell, other in (("XOR2_X1", "XNOR2_X1"), ("NAND2_X1", "NOR2_X1")):
        assert f"  {cell} " in text
        swapped = text.replace(f"  {cell} ", f"  {other} ", 1)
        if cell == "XOR2_X1":
            start = swapped.index(f"  {other} ")
            swapped = swapped[:start] + swapped[start:].replace(".Z(", ".ZN(", 1)
        (tmp_path / NETLIST).write_text(swapped)
        assert not prove_equivalent(DESIGN, tmp_path)


def test_a_proof_that_takes_too_long_does_not_count(mapped: Path) -> None:
    assert not prove_equivalent(DESIGN, mapped, limit=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "simulator"), [("3x1x8k2", "icarus"), ("8x8x8k2", "verilator")])
def test_the_gates_pass_the_bench(name: str, simulator: SimulatorName, tmp_path: Path) -> None:
    design = PUBLISHED[name]
    assert synthesize(GeneratedUnit.generate(design), load_library("builtin"), tmp_path).equivalent
    sources = (tmp_path / NETLIST, tmp_path / MODELS)
    verdict = simulate(BenchJob(design=design, sources=sources, simulator=simulator, preload=False), tmp_path / "run")
    assert verdict["passed"]
    assert verdict["mismatches"] == 0
    assert verdict["vectors"] > 80_000


def test_a_library_that_cannot_build_the_unit_is_named(tmp_path: Path) -> None:
    library = Library("tiny.lib", f"library (tiny) {{ {INVERTER} {FLIP_FLOP} }}")
    with pytest.raises(ValueError, match=r"3x1x8k2 cannot be mapped to tiny\.lib.* lacks a buffer and a two"):
        synthesize(GeneratedUnit.generate(DESIGN), library, tmp_path)


def test_a_users_library_is_mapped_onto(tmp_path: Path) -> None:
    nand = (
        "cell (NAND) { area : 2; pin (A) { direction : input; } pin (B) { direction : input; } "
        'pin (Y) { direction : output; function : "!(A & B)"; } }'
    )
    buffer = INVERTER.replace("INV", "BUF").replace("!A", "A")
    library = Library("small.lib", f"library (small) {{ {INVERTER} {buffer} {nand} {FLIP_FLOP} }}")
    netlist = synthesize(GeneratedUnit.generate(DESIGN), library, tmp_path)
    assert netlist.equivalent
    assert set(re.findall(r"^  ([A-Z]+) ", (tmp_path / NETLIST).read_text(), re.MULTILINE)) <= {
        "INV",
        "BUF",
        "NAND",
        "DFF",
    }
