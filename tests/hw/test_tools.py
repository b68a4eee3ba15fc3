"""External programs: their output, and the errors of those that are missing or slow."""

import sys
from pathlib import Path

import pytest

from hw.tools import ToolError, ToolTimeout, run_tool


def test_a_program_runs_inside_the_folder_with_its_output_captured(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), os.environ.get('SHOWN')); sys.stderr.write('no\\n'); sys.exit(3)"
    finished = run_tool([sys.executable, "-c", code], tmp_path, environment={"SHOWN": "yes"})
    assert finished.returncode == 3
    assert finished.stdout == f"{tmp_path.resolve()} yes\n"
    assert finished.stderr == "no\n"


def test_output_that_is_not_utf8_is_read_with_replacements(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.buffer.write(b'\\xff!')"
    assert run_tool([sys.executable, "-c", code], tmp_path).stdout == "\N{REPLACEMENT CHARACTER}!"


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"^no-such-program cannot be run: No such file or directory$"):
        run_tool([tmp_path / "no-such-program"], tmp_path)


def test_a_slow_program_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(ToolTimeout, match=r"was stopped after 0\.2 s$"):
        run_tool([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, limit=0.2)
