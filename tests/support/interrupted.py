"""Measurements of networks in a process of their own that is killed on the way."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("runs/*/run/*.pt", "runs/*/run/result.json", "runs/*/record.json")
"""Files that a measurement leaves in its folder, by which it is killed: in training, before and after its record."""


def measure_until(measure: Callable[[Path], Any], out: Path, sought: str) -> None:
    """Runs `measure(out)`, a function of a test module, in a new process and kills it as soon as a file appears.

    sought: pattern of the file within `out`. Fails if the process ends before.
    """
    script = out.with_suffix(".py")
    script.write_text(
        f"from pathlib import Path\nfrom {measure.__module__} import {measure.__name__}\n"
        f"if __name__ == '__main__':\n    {measure.__name__}(Path({str(out)!r}))\n",
        encoding="utf-8",
    )
    with subprocess.Popen([sys.executable, str(script)], env=os.environ | {"PYTHONPATH": str(ROOT)}) as run:
        while not list(out.glob(sought)):
            assert run.poll() is None
            time.sleep(0.005)
        run.kill()
