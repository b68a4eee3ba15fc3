"""Runs external programs, and the error that all of them share."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class ToolError(RuntimeError):
    """An external program is missing, too old, or failed."""


class ToolTimeout(ToolError):
    """An external program was stopped because it took too long."""


def run_tool(
    command: Sequence[str | Path],
    folder: Path,
    *,
    limit: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a program inside `folder` to its end, whatever its exit code, with its output captured as text.

    limit: seconds it may take; None for no limit. environment: replaces this process's.
    Raises ToolError if the program is missing or cannot be started, and ToolTimeout if it exceeds the limit.
    """
    program = Path(command[0]).name
    try:
        return subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env=environment,
            timeout=limit,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        raise ToolTimeout(f"{program} was stopped after {limit} s") from error
    except OSError as error:
        raise ToolError(f"{program} cannot be run: {error.strerror}") from error
