"""Runs OpenSTA, which analyses timing and power."""

import shutil
from pathlib import Path

from hw.tools import ToolError, run_tool


class TimingError(ToolError):
    """OpenSTA failed, or a simulation with the delays that it computed."""


def has_opensta() -> bool:
    """Whether OpenSTA is installed."""
    return shutil.which("sta") is not None


def opensta_version() -> str:
    """The version of the installed OpenSTA."""
    return run_tool(["sta", "-version"], Path.cwd()).stdout.strip()


def run_opensta(script: str, name: str, folder: Path, what: str) -> str:
    """Runs a Tcl script inside `folder` and returns its log.

    name: the script and log are kept there as NAME.tcl and NAME.log. what: names the task in error messages. Raises
    TimingError, quoting the log's first error, if OpenSTA reports an error or exits with another code than 0.
    """
    (folder / f"{name}.tcl").write_text(script, encoding="utf-8")
    finished = run_tool(["sta", "-exit", f"{name}.tcl"], folder)
    log = finished.stdout + finished.stderr
    (folder / f"{name}.log").write_text(log, encoding="utf-8")
    errors = [line for line in log.splitlines() if "Error" in line]
    if errors or finished.returncode:
        raise TimingError(f"{what} failed: {errors[0] if errors else f'exit code {finished.returncode}'}")
    return log
