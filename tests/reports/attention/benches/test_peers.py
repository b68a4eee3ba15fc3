"""Peers of timm."""

import sys
from pathlib import Path

import pytest
import torch

from reports.attention.benches.onnx_file import write_traced
from reports.attention.benches.peers import PEERS, Peer, peer_network
from reports.attention.benches.subjects import subject
from reports.bench.runtimes import opened
from tests.support.packages import need_onnx, need_timm


def test_timm_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match=r"timm is not installed; pip install 'wrapmac\[timm\]'"):
        peer_network(PEERS["iformer-m"], (32, 32))


def test_peers_take_images_of_the_size_that_they_are_built_for() -> None:
    need_timm()
    found = subject("peers", "efficientformerv2-s2", (3, 64, 96), 0)
    assert found.facts == {"accuracy": PEERS["efficientformerv2-s2"].accuracy, "distilled": "yes", "whose": "peer"}
    assert found.module(torch.zeros(1, 3, 64, 96)).shape == (1, 1000)


def test_files_of_peers_give_what_they_give(tmp_path: Path) -> None:
    need_timm()
    need_onnx()
    one, images = subject("peers", "mobilevitv2-1.0", (3, 64, 64), 0), torch.ones(1, 3, 64, 64)
    write_traced(one.module, images, tmp_path / "peer.onnx")
    found = torch.from_numpy(opened("onnxruntime", tmp_path / "peer.onnx", (1, 3, 64, 64))()[0])
    torch.testing.assert_close(found, one.module(images), rtol=1e-4, atol=1e-4)


def test_a_network_that_timm_lacks_is_named() -> None:
    need_timm()
    with pytest.raises(ValueError, match="has no nonesuch"):
        peer_network(Peer(model="nonesuch", accuracy=1.0), (32, 32))
