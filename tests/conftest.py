"""Settings and fixtures of all tests."""

import os
from pathlib import Path

import pytest
import torch

from tests.support.layers import make_layer

# pytest-xdist runs one process a core; more threads, here and in the commands under test, would only wait.
os.environ["OMP_NUM_THREADS"] = "1"
torch.set_num_threads(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that open a page in Chromium as needing Debian packages."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.debian)


@pytest.fixture
def layer_file(tmp_path: Path) -> Path:
    """A small exported layer with 1-bit weights and 3-bit activations."""
    path = tmp_path / "layer.npz"
    make_layer().save(path)
    return path
