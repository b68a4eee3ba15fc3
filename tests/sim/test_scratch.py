"""Runs that share a folder leave each other alone and remove what killed runs left."""

import signal
import subprocess
import sys
from pathlib import Path

from sim.scratch import scratch_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from sim.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "build").mkdir()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_runs_side_by_side_leave_each_other_alone(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as first:
        (first / "build").mkdir()
        with scratch_folder(tmp_path) as second:
            assert first != second
        assert (first / "build").exists()
        assert not second.exists()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "unit.v").touch()
    finished = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)])
    assert finished.returncode == -signal.SIGKILL
    (left,) = tmp_path.glob("run-*/build")
    with scratch_folder(tmp_path) as folder:
        assert set(tmp_path.iterdir()) == {tmp_path / "unit.v", folder}
    assert not left.exists()
