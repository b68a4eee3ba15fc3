"""Settings and fixtures of all tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.support.commands import Command
from tests.support.layers import make_layer
from wrapmac import main

# pytest-xdist runs one process a core; more threads, here and in the commands under test, would only wait.
os.environ["OMP_NUM_THREADS"] = "1"
torch.set_num_threads(1)


# Files with a few tests of minutes. They begin first, so that no core waits for one at the end.
LONGEST = ("test_main_job.py", "test_flower_run.py", "test_native.py", "test_learning.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest files first, and marks tests that open a page in Chromium as needing Debian packages."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.debian)


@pytest.fixture
def layer_file(tmp_path: Path) -> Path:
    """A small exported layer with 1-bit weights and 3-bit activations."""
    path = tmp_path / "layer.npz"
    make_layer().save(path)
    return path


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in the test's folder, within this process: a process of its own takes seconds to start."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["wrapmac", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return subprocess.CompletedProcess(arguments, ended.value.code, *capsys.readouterr())

    return run
