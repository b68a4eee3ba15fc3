"""Pictures of layouts: the wires that a layout states."""

from pathlib import Path

from reports.silicon.picture import wires


def test_wires_are_straight_segments_and_stars_repeat(tmp_path: Path) -> None:
    definition = tmp_path / "unit.def"
    definition.write_text(
        "PINS 1 ;\n- a + NET a\n  + LAYER metal6 ( -80 -40 ) ( 80 40 )\nEND PINS\n"
        "NETS 1 ;\n- a\n  ( PIN a )\n+ ROUTED metal1 ( 5200 3400 ) ( 5280 * )\n"
        "  NEW metal1 ( 3360 3400 ) M2_M1\n  NEW metal2 ( 100 -200 ) ( * 300 ) M2_M1\n"
        "END NETS\nSPECIALNETS 1 ;\n- a\n+ ROUTED metal1 40 ( 10 20 ) ( 15 * ) ;\nEND SPECIALNETS\n"
    )
    assert wires(definition) == [[(52, 34), (52.8, 34)], [(1, -2), (1, 3)], [(0.1, 0.2), (0.15, 0.2)]]
