"""A finished run's projector and heads are read from its checkpoint."""

from pathlib import Path

import pytest
import torch

from models.selfsup.run import checkpoint_file, load_run
from models.selfsup.whole_network import load_network
from tests.support.selfsup_training import train


def test_the_network_is_that_of_the_run(tmp_path: Path) -> None:
    train(tmp_path, epochs=1, rotation="auxiliary")
    run = load_run(tmp_path)
    network = load_network(run)
    assert not network.training
    assert network.turn_head is not None
    images = torch.rand(2, 1, 8, 8)
    with torch.no_grad():
        assert torch.equal(network.encoder(images), run.encoder(images))
    path = checkpoint_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"selfsup\.pt is missing or damaged"):
        load_network(run)
