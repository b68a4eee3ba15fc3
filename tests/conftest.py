"""What several tests share."""

import os
from pathlib import Path

import pytest
import torch

from tests.support.layers import make_layer

# pytest-xdist runs one process for each core; more threads, here and in the commands under test, only wait.
os.environ["OMP_NUM_THREADS"] = "1"
torch.set_num_threads(1)


@pytest.fixture
def layer_file(tmp_path: Path) -> Path:
    """A small exported layer with 1-bit weights and 3-bit activations."""
    path = tmp_path / "layer.npz"
    make_layer().save(path)
    return path
