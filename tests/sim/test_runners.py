"""Verilator's runtime is compiled once per machine, and again for other flags, variables and versions."""

import sys
from pathlib import Path

import cocotb_tools.config
import pytest

from sim import runners
from sim.runners import choose_runner, kept_objects
from sim.simulators import simulator_version

UNIT = "module unit(input a, output b); assign b = !a; endmodule"
QUICK = ["-CFLAGS", "-O0"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    simulator_version("verilator")
    return folder


def compiled(folder: Path, arguments: list[str]) -> set[str]:
    """Builds a simulation and returns the object files that were compiled for it: those with a dependency file."""
    folder.mkdir()
    source = folder / "unit.v"
    source.write_text(UNIT)
    build = folder / "build"
    log = folder / "log"
    choose_runner("verilator", None).build(
        sources=[source], hdl_toplevel="unit", build_args=arguments, build_dir=build, log_file=log
    )
    assert (build / "unit").exists()
    return {path.stem for path in build.glob("*.o") if path.with_suffix(".d").exists()}


@pytest.mark.slow
def test_a_second_build_compiles_the_design_alone(tmp_path: Path, cache: Path) -> None:
    first = compiled(tmp_path / "first", QUICK)
    assert {"verilated", "verilated_vpi", "verilator", "Vtop__ALL"} <= first
    kept = {path.stem for path in cache.rglob("*.o")}
    assert kept == {name for name in first if name.startswith("verilated")}
    assert compiled(tmp_path / "second", QUICK) == first - kept
    (lost,) = cache.rglob("verilated.o")
    lost.unlink()
    assert compiled(tmp_path / "third", QUICK) == first - kept | {"verilated"}
    assert lost.exists()


@pytest.mark.slow
def test_packages_that_make_cannot_read_are_reached_by_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / "sp ace" / "packages"
    packages.mkdir(parents=True)
    for package in runners._PACKAGES.iterdir():
        (packages / package.name).symlink_to(package)
    monkeypatch.setattr(runners, "_PACKAGES", packages)
    monkeypatch.setattr(cocotb_tools.config, "libs_dir", packages / "cocotb" / "libs")
    monkeypatch.setattr(cocotb_tools.config, "share_dir", packages / "cocotb" / "share")
    monkeypatch.setenv("PATH", f"{packages / 'verilator' / 'bin'}:/usr/bin:/bin")  # without a `python` of its own
    python = packages.with_name("python")
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    assert "Vtop__ALL" in compiled(tmp_path / "build", QUICK)


@pytest.mark.parametrize(
    "variable", ["CPATH", "CPLUS_INCLUDE_PATH", "CPPFLAGS", "CXXFLAGS", "OPT", "USER_CPPFLAGS", "XDG_CACHE_HOME"]
)
def test_other_flags_and_variables_make_other_objects(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = kept_objects("verilator", QUICK)
    assert kept_objects("verilator", list(QUICK)) == usual
    assert kept_objects("verilator", ["-CFLAGS", "-O0 -g"]) != usual
    monkeypatch.setenv(variable, "/else")
    assert kept_objects("verilator", QUICK) != usual


def test_another_verilator_makes_other_objects(tmp_path: Path) -> None:
    other = tmp_path / "verilator"
    other.write_text("#!/bin/sh\necho Verilator 4\n")
    other.chmod(0o755)
    assert kept_objects(str(other), QUICK) != kept_objects("verilator", QUICK)


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert "verilated" in compiled(tmp_path / "first", QUICK)
