"""Commands as a user runs them."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

Command = Callable[..., subprocess.CompletedProcess[str]]


def wrapmac(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wrapmac", *arguments],
        cwd=cwd,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
    )


def assert_refused(
    finished: subprocess.CompletedProcess[str], message: str, folder: Path, left: Sequence[Path] = ()
) -> None:
    """The command says why in one line, ends with exit code 2, and leaves no files but those in `left`."""
    assert finished.returncode == 2, finished.stderr
    assert finished.stderr.count("\n") == 1, finished.stderr
    assert finished.stderr.startswith("wrapmac: error: ")
    assert message in finished.stderr
    assert [path for path in folder.rglob("*") if path.is_file()] == list(left)
