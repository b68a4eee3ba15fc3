"""SPEF from the router's wires, against a tree worked out by hand."""

from pathlib import Path

import pytest

from reports.layout.parasitics import spef


def test_wires_become_nodes_with_resistances_and_capacitances(tmp_path: Path) -> None:
    routed = tmp_path / "unit.rc"
    routed.write_text("n1 1 INVX1_1/Y 2 ( 1.5 0.002 NOR2X1_1/A , ( 0 0.001 PIN/sum_3 ) ) \n\n")
    text = spef("unit", routed)
    assert '*DESIGN "unit"' in text
    assert "*C_UNIT 1 PF\n*R_UNIT 1 OHM\n" in text
    assert text.endswith(
        "*D_NET n1 0.003\n*CONN\n*I INVX1_1:Y O\n*I NOR2X1_1:A I\n*P sum_3 O\n"
        "*CAP\n1 n1:1 0.002\n2 n1:2 0.001\n"
        "*RES\n1 INVX1_1:Y n1:1 1.5\n2 n1:1 NOR2X1_1:A 0.001\n3 n1:1 n1:2 0.001\n4 n1:2 sum_3 0.001\n*END\n"
    )


def test_an_input_port_drives_its_net(tmp_path: Path) -> None:
    routed = tmp_path / "unit.rc"
    routed.write_text("clk 1 PIN/clk 1 ( 1 0.1 CLKBUF1_1/A ) \n")
    assert "*P clk I\n*I CLKBUF1_1:A I\n" in spef("unit", routed)


def test_wires_that_are_no_tree_are_refused(tmp_path: Path) -> None:
    routed = tmp_path / "unit.rc"
    routed.write_text("n1 1 INVX1_1/Y 2 ( 1.5 0.002 NOR2X1_1/A \n")
    with pytest.raises(ValueError, match="the wires of net 'n1' are not a tree"):
        spef("unit", routed)
