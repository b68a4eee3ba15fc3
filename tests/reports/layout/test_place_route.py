"""Place and route: a converter of qflow's that fails is one error, and qflow's scripts run no commands of users."""

import re
from pathlib import Path

import pytest

from reports.cells.technology import osu018, read_technology
from reports.layout import place_route
from reports.layout.circuit import Circuit
from reports.layout.place_route import LayoutError
from tests.support.technology import small_technology


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


def test_qflow_runs_a_technology_that_only_sets_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the path of the technology's folder, and whatever comments its script holds."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("blif2Verilog", "blif2BSpice", "placement.sh"):
        (tools / name).write_text("#!/bin/sh\nexit $#\n" if name == "placement.sh" else "#!/bin/sh\n")
        (tools / name).chmod(0o755)
    monkeypatch.setattr(place_route, "BINARIES", tools)
    monkeypatch.setattr(place_route, "SCRIPTS", tools)
    strange = tmp_path / "sp ace; `touch made` [exec]"
    strange.mkdir()
    technology = read_technology(str(small_technology(strange)))
    with pytest.raises(LayoutError, match=r"placement\.sh failed"):
        place_route.place_and_route(Circuit("unit", [], [], [], {}), technology, tmp_path / "qflow", seed=1)
    folder = tmp_path / "qflow"
    assert "touch" not in (folder / "qflow_vars.sh").read_text()
    for line in (folder / "technology" / "small.sh").read_text().splitlines():
        assert re.fullmatch(r'set \w+="[\w. -]*"', line)
    assert {path.name for path in (folder / "technology").iterdir()} == {
        path.name for path in technology.folder.iterdir()
    }
    assert (folder / "technology" / "small.lef").read_text() == technology.shapes.read_text()


@pytest.mark.parametrize("name", ["a b", "a$(touch made)", "a;b", "a`b`", "[exec b]", "a\nb", "{a}"])
def test_layouts_are_made_in_folders_that_shells_take_as_they_are(name: str, tmp_path: Path) -> None:
    technology = read_technology(str(small_technology(tmp_path)))
    with pytest.raises(ValueError, match="layouts cannot be made in "):
        place_route.place_and_route(Circuit("unit", [], [], [], {}), technology, tmp_path / name / "qflow", seed=1)
    assert not (tmp_path / name).exists()
