"""Place and route: a converter of qflow's that fails is one error."""

from pathlib import Path

import pytest

from reports.cells.technology import osu018
from reports.layout import place_route
from reports.layout.circuit import Circuit
from reports.layout.place_route import LayoutError


@pytest.mark.debian
@pytest.mark.parametrize(
    ("output", "reason"), [("echo first >&2; echo no such cell >&2", "no such cell"), (":", "it printed nothing")]
)
def test_a_failing_converter_is_a_layout_error(
    output: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    converter = tmp_path / "blif2Verilog"
    converter.write_text(f"#!/bin/sh\n{output}\nexit 1\n")
    converter.chmod(0o755)
    monkeypatch.setattr(place_route, "BINARIES", tmp_path)
    with pytest.raises(LayoutError, match=f"^unit: blif2Verilog failed: {reason}$"):
        place_route.place_and_route(Circuit("unit", [], [], [], {}), osu018(), tmp_path / "qflow", seed=1)
