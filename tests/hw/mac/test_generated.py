"""A unit's Verilog is generated once, however often the unit is mapped."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from hw.mac import generated
from hw.mac.design import PUBLISHED, MacDesign
from hw.mac.generated import GeneratedUnit, generate_all
from hw.mac.verilog import mac_verilog
from models.progress import Progress
from reports.cells.library import Library
from reports.layout import layouts
from reports.mac import libraries
from reports.mac.synthesis import Netlist


class Stop(Exception):
    """Ends a layout once all its tries are under way."""


@pytest.fixture
def generated_designs(monkeypatch: pytest.MonkeyPatch) -> list[MacDesign]:
    """The designs whose Verilog was generated, in order."""
    designs: list[MacDesign] = []

    def count(design: MacDesign) -> str:
        designs.append(design)
        return f"module {design.module}; endmodule"

    monkeypatch.setattr(generated, "mac_verilog", count)
    return designs


def test_a_generated_unit_has_the_verilog_of_its_design() -> None:
    design = PUBLISHED["3x1x8k2"]
    assert generate_all([design]) == [GeneratedUnit(design, mac_verilog(design))]


def test_libraries_are_compared_on_one_text_of_each_unit(
    generated_designs: list[MacDesign], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def synthesize(unit: GeneratedUnit, library: Library, *_: Any, **__: Any) -> Netlist:
        seen.append(unit.verilog)
        return Netlist(library.name, 1.0, {}, 1, True)

    monkeypatch.setattr(libraries, "synthesize", synthesize)
    designs = list(PUBLISHED.values())
    with Progress(quiet=True) as progress:
        libraries.compare_libraries(generate_all(designs), [Library("a", ""), Library("b", "")], tmp_path, progress)
    assert sorted(generated_designs, key=designs.index) == designs
    assert len(seen) == 2 * len(designs)
    assert len(set(seen)) == len(designs)


@pytest.mark.debian
def test_a_layout_tries_one_text_of_each_unit(
    generated_designs: list[MacDesign], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[GeneratedUnit] = []

    def stop(futures: list[Future[Any]]) -> Any:
        for future in futures:
            future.result()
        raise Stop

    monkeypatch.setattr(layouts, "try_layout", lambda unit, *_: tried.append(unit))
    monkeypatch.setattr(layouts, "as_completed", stop)
    designs = list(PUBLISHED.values())
    with Progress(quiet=True) as progress, pytest.raises(Stop):
        layouts.lay_out(designs, layouts.Technology, tmp_path, 1, progress)  # type: ignore[arg-type]
    assert sorted(generated_designs, key=designs.index) == designs
    assert len(tried) == len(layouts.MAPPINGS) * len(designs)
