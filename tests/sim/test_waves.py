"""Formats of waveforms: their names, and who can write them."""

import shutil
from pathlib import Path

import pytest

from sim import waves
from sim.waves import can_write, check_wave_file


@pytest.mark.parametrize("name", ["unit.fst", "unit.vcd"])
def test_names_of_waveforms_are_accepted(name: str) -> None:
    check_wave_file(Path("folder", name))


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"waveforms are 'x.png'; allowed are names that end with \.fst or \.vcd"):
        check_wave_file(tmp_path / "x.png")


def test_verilator_writes_fst_only_where_its_libraries_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shutil.which("g++")
    monkeypatch.setattr(waves, "_FST_HEADERS", ("cstdio",))
    assert can_write("verilator", "fst")
    monkeypatch.setattr(waves, "_FST_HEADERS", ("no-such-header.h",))
    assert not can_write("verilator", "fst")
    assert can_write("verilator", "vcd")
    assert can_write("icarus", "fst")
