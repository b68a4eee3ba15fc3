"""Comparison of units across libraries."""

from pathlib import Path
from typing import Any

import pytest

from hw.mac.design import MacDesign
from hw.mac.generated import generate_all
from models.progress import Progress
from reports.cells.liberty import load_library
from reports.cells.library import Library
from reports.mac.libraries import compare_libraries
from reports.mac.library_tables import library_tables
from reports.mac.synthesis import NETLIST


@pytest.mark.slow
@pytest.mark.debian
def test_every_netlist_is_proved_and_faster_ones_are_larger(tmp_path: Path) -> None:
    units = generate_all([MacDesign(2, 1, 4, 2), MacDesign(3, 1, 8, 2)])
    with Progress(quiet=True) as progress:
        report = compare_libraries(units, [load_library("builtin"), load_library("osu018")], tmp_path, progress)
    builtin, osu = report["libraries"]
    assert [design["name"] for design in builtin["designs"]] == ["2x1x4k2", "3x1x8k2"]
    for design in builtin["designs"] + osu["designs"]:
        assert design["equivalent"]
    for design in builtin["designs"]:
        assert design["cycle_time_ns"] is None
    for design in osu["designs"]:
        assert design["area_at_speed"] > design["area"]
        assert 0.3 < design["cycle_time_ns"] < 3
        for kind in ("area", "speed"):
            assert (tmp_path / "OSU 180 nm" / design["name"] / kind / NETLIST).exists()
    area, _, _ = library_tables(report)
    assert area.rows[1][2] == f"{builtin['designs'][1]['area'] / builtin['designs'][0]['area']:.2f}"


def test_libraries_of_the_same_name_are_refused(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress, pytest.raises(ValueError, match="need different names; these are a, a"):
        compare_libraries([], [Library("a", ""), Library("a", " ")], tmp_path, progress)


def record(name: str, area: float, cycle: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "area": area,
        "cycle_time_ns": cycle,
        "area_at_speed": None if cycle is None else 2 * area,
        "equivalent": name != "4x4x8",
    }


def test_tables_have_ratios_beside_the_published_ones() -> None:
    names = ("8x8x32", "3x1x8k2", "4x4x8")
    small = [record(name, area, None) for name, area in zip(names, (1000, 250, 500), strict=True)]
    large = [record(name, area, cycle) for name, area, cycle in zip(names, (4e4, 8e3, 2e4), (4, 1, 3), strict=True)]
    report = {"libraries": [{"name": "small", "designs": small}, {"name": "large", "designs": large}]}
    area, cycle, absolute = library_tables(report)
    assert area.columns == ("design", "published", "small", "large")
    assert area.rows[1] == ("3x1x8k2", "0.22", "0.25", "0.20")
    assert area.rows[2] == ("4x4x8", "-", "0.50", "0.50")
    assert cycle.rows[1] == ("3x1x8k2", "0.77", "-", "0.25")
    assert absolute.rows[2] == ("4x4x8", "500.0 NOT PROVED", "20,000.0 / 3.00 / 40,000.0 NOT PROVED")
    without = {"libraries": [{"name": "small", "designs": small[1:]}]}
    area, _ = library_tables(without)
    assert area.rows[1] == ("4x4x8", "-", "2.00")
