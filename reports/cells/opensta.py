"""Runs OpenSTA, which analyses timing and power."""

import shutil
from pathlib import Path

from hw.tools import ToolError, run_tool


class TimingError(ToolError):
    """OpenSTA, or a simulation with the delays that it found, failed."""


def has_opensta() -> bool:
    """Whether OpenSTA is installed."""
    return shutil.which("sta") is not None


def opensta_version() -> str:
    """The version of the installed OpenSTA."""
    return run_tool(["sta", "-version"], Path.cwd()).stdout.strip()


def run_opensta(script: str, name: str, folder: Path, what: str) -> str:
    """Runs a Tcl script inside `folder`, which holds the files that it names, and returns the log.

    Leaves NAME.tcl and NAME.log there. Raises TimingError, which says `what` failed and quotes the first error of the
    log, if OpenSTA stops or reports an error.
    """
    (folder / f"{name}.tcl").write_text(script)
    finished = run_tool(["sta", "-exit", f"{name}.tcl"], folder)
    log = finished.stdout + finished.stderr
    (folder / f"{name}.log").write_text(log)
    errors = [line for line in log.splitlines() if "Error" in line]
    if errors or finished.returncode:
        raise TimingError(f"{what} failed: {errors[0] if errors else f'exit code {finished.returncode}'}")
    return log
