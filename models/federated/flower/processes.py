"""Programs of Flower as child processes that end with this one."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = Path(sys.executable).parent
"""Where Flower's programs are."""

_ROOT = Path(__file__).resolve().parents[3]
_STOP = 10.0  # seconds that a process has to end
_PR_SET_PDEATHSIG = 1

Started = dict[str, "subprocess.Popen[bytes]"]


def environment(home: Path) -> dict[str, str]:
    """Variables of all processes. home: the folder of Flower's own files."""
    return os.environ | {
        "FLWR_HOME": str(home),
        "FLWR_TELEMETRY_ENABLED": "0",
        "PATH": _first(PROGRAMS, os.environ.get("PATH")),  # its processes start others by name
        "PYTHONPATH": _first(_ROOT, os.environ.get("PYTHONPATH")),
    }


@contextmanager
def running(commands: Mapping[str, list[str]], home: Path, logs: Path) -> Iterator[Started]:
    """Starts programs by name, each with its arguments; what NAME prints goes to NAME.log. All end with the context."""
    started: Started = {}
    try:
        for name, command in commands.items():
            with (logs / f"{name}.log").open("ab") as log:
                started[name] = subprocess.Popen(
                    [str(PROGRAMS / command[0]), *command[1:]],
                    env=environment(home),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=_end_with_parent,
                )
        yield started
    finally:
        _end(started)


def _end(started: Started) -> None:
    for process in started.values():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    for process in started.values():
        try:
            process.wait(_STOP)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _end_with_parent() -> None:
    """Asks Linux to end this process when its parent ends, even if that is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _first(folder: Path, others: str | None) -> str:
    return os.pathsep.join([str(folder), *([others] if others else [])])
