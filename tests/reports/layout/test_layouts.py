"""Layouts of real units: clean, proved, the same each time; and the proof refutes a layout that is not the unit."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from hw.mac.design import PUBLISHED
from hw.mac.generated import GeneratedUnit
from models.progress import Progress
from reports.cells.technology import load_technology, osu018
from reports.layout import layouts as layout
from reports.layout.circuit import build_circuit
from reports.layout.mapping import MappingOptions, map_to_cells
from reports.layout.place_route import Routed, check_layout, place_and_route
from reports.layout.placed import placed_netlist
from reports.layout.proof import prove_layout
from reports.layout.report import failures, layout_report
from reports.layout.tables import layout_part_table, layout_table

SMALL = PUBLISHED["3x1x8k2"]


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Routed:
    folder = tmp_path_factory.mktemp("layout")
    circuit = build_circuit(
        SMALL.module, map_to_cells(GeneratedUnit.generate(SMALL), osu018(), MappingOptions(), folder), osu018()
    )
    return place_and_route(circuit, osu018(), folder / "qflow", seed=1)


@pytest.mark.slow
@pytest.mark.debian
def test_the_layout_holds_the_circuit(routed: Routed) -> None:
    kinds, nets = placed_netlist(routed.circuit, routed.file("def"))
    assert kinds == {one.name: one.kind for one in routed.circuit.instances}
    for one in routed.circuit.instances:
        assert nets[one.name] == one.nets


@pytest.mark.slow
@pytest.mark.debian
def test_the_layout_is_clean_and_proved(routed: Routed) -> None:
    checks = check_layout(routed)
    assert (checks.drc_violations, checks.lvs_match) == (0, True)
    assert routed.file("gds").stat().st_size > 1000
    assert prove_layout(routed, routed.folder.parent)


@pytest.mark.slow
@pytest.mark.debian
@pytest.mark.parametrize(("kind", "other"), [("NAND2X1", "NOR2X1"), ("XNOR2X1", "XOR2X1"), ("INVX2", "BUFX2")])
def test_a_layout_with_another_cell_is_refuted(routed: Routed, kind: str, other: str, tmp_path: Path) -> None:
    for name in ("unit.v", "models.v"):
        shutil.copy(routed.folder.parent / name, tmp_path / name)
    altered = Routed(routed.circuit, tmp_path / "qflow", routed.core_area)
    altered.file("def").parent.mkdir(parents=True)
    text = routed.file("def").read_text()
    assert f"- {kind}_1 {kind} +" in text
    altered.file("def").write_text(text.replace(f"- {kind}_1 {kind} +", f"- {kind}_1 {other} +"))
    assert not prove_layout(altered, tmp_path)


@pytest.fixture
def few_mappings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MAPPINGS", (MappingOptions(), MappingOptions(2400)))


def figures(report: dict[str, Any]) -> list[dict[str, Any]]:
    designs: list[dict[str, Any]] = json.loads(json.dumps(report["designs"]))
    return designs


@pytest.mark.slow
@pytest.mark.debian
@pytest.mark.usefixtures("few_mappings")
def test_a_report_has_the_better_layout_and_is_the_same_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Progress(quiet=True) as progress:
        first = layout_report([SMALL], osu018(), Path("sp ace", "日本$(x)"), 1, progress)
        again = layout_report([SMALL], osu018(), tmp_path, 1, progress)
    assert figures(first) == figures(again) == json.loads((tmp_path / "layout.json").read_text())["designs"]
    (design,) = first["designs"]
    assert failures(first) == []
    wrong = dict(design, hold_slack_ns=-0.02, lvs_match=False, timed_mismatches=3)
    assert failures({"designs": [wrong]}) == [
        "3x1x8k2: layout and circuit do not match",
        "3x1x8k2: hold is violated by 0.020 ns",
        "3x1x8k2: 3 outputs are wrong with delays",
    ]
    costs = [one["cell_area"] * one["cycle_time_ns"] for one in design["tried"]]
    assert len(costs) == 2
    assert design["cell_area"] * design["cycle_time_ns"] == min(costs)
    assert sum(design["area_by_part"].values()) == pytest.approx(design["cell_area"])
    assert design["cell_area"] <= design["core_area"] < 1.3 * design["cell_area"]
    assert design["hold_slack_ns"] > 0
    for name in ("3x1x8k2.gds", "3x1x8k2.def", "3x1x8k2.oas", "3x1x8k2.lyp", "layout.png"):
        assert (tmp_path / "3x1x8k2" / name).stat().st_size > 1000
    assert "| 3x1x8k2 |" in (tmp_path / "report.md").read_text()
    path = design["critical_path"]
    pieces = [path["start_ns"], *(stage["delay_ns"] for stage in path["stages"]), path["need_ns"], -path["skew_ns"]]
    assert sum(pieces) == pytest.approx(design["cycle_time_ns"], abs=1e-3)
    assert sum(path["ns_by_part"].values()) == pytest.approx(sum(pieces[1:-2]), abs=1e-3)
    assert path["words"] in (tmp_path / "report.md").read_text()


def record(name: str, area: float, cycle: float) -> dict[str, Any]:
    parts = dict(zip(("multiplier", "accumulator", "cyclic", "auxiliary"), (area / 4,) * 4, strict=True))
    return {
        "name": name,
        "cell_area": area,
        "core_area": 1.1 * area,
        "cycle_time_ns": cycle,
        "area_by_part": parts,
        "critical_path": {"from": "auxiliary", "to": "accumulator", "cells": 9},
        "equivalent": name != "4x4x8",
        "drc_violations": 0,
        "lvs_match": True,
    }


def test_tables_have_ratios_beside_the_published_ones() -> None:
    designs = [record("8x8x32", 1000, 4), record("3x1x8k2", 250, 2), record("4x4x8", 100, 1)]
    rows = {row[0]: row for row in layout_table(designs).rows}
    assert rows["3x1x8k2"] == (
        "3x1x8k2", "250", "275", "2.00", "0.25 (0.22)", "0.50 (0.77)", "0.12 (0.17)", "clean", "proved",
    )  # fmt: skip
    assert rows["4x4x8"][4:] == ("0.10", "0.25", "0.03", "clean", "NOT PROVED")
    assert {row[0]: row for row in layout_table(designs[1:]).rows}["3x1x8k2"][4] == "(0.22)"
    assert layout_part_table(designs).rows[2] == ("4x4x8", *["25%"] * 4, "auxiliary to accumulator", "9")


@pytest.mark.slow
@pytest.mark.debian
def test_another_technology_is_clean_and_proved(tmp_path: Path) -> None:
    technology = load_technology("osu035")
    circuit = build_circuit(
        SMALL.module, map_to_cells(GeneratedUnit.generate(SMALL), technology, MappingOptions(), tmp_path), technology
    )
    other = place_and_route(circuit, technology, tmp_path / "qflow", seed=1)
    checks = check_layout(other)
    assert (checks.drc_violations, checks.lvs_match) == (0, True)
    assert prove_layout(other, tmp_path)
    placed = re.findall(r"^- \S+ \w+ \+ PLACED \( -?\d+ (-?\d+) \)", other.file("def").read_text(), re.MULTILINE)
    heights = {int(y) / 100 for y in placed}  # um
    assert len(heights) > 3
    assert all((y - min(heights)) % 20 == 0 for y in heights)
    cells = sum(technology.area(one.kind) for one in circuit.instances)
    assert cells <= other.core_area < 1.3 * cells
