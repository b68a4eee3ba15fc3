"""The bench of whole networks: every contender of every setting is measured, and the table shows the results."""

import sys
from pathlib import Path

import pytest
import torch

from models.kernels.paths import threads
from models.progress import Progress
from reports.kernels.network_peers import fastest_in_bytes
from reports.kernels.networks_bench import bench_networks, networks_table
from tests.support.commands import Command, assert_refused

pytest.importorskip("onnxruntime")


@pytest.mark.slow
def test_all_contenders_of_all_settings_are_measured() -> None:
    before = threads(), torch.get_num_threads()
    result = bench_networks(("digits", "stem"), (2,), (1,), 1, 0, Progress(quiet=True), openvino=False)
    assert (threads(), torch.get_num_threads()) == before
    engines = {f"torch int8, {engine}" for engine in ("x86", "onednn")}
    names = {"binary, 8-bit sums", "ternary, 8-bit sums", "torch float", "onnxruntime float", "onnxruntime int8"}
    rows = result["rows"]
    for name in ("digits", "stem"):
        setting = f"{name}, batch 2, 1 thread"
        found = {row["case"]: row for row in rows if row["name"] == setting}
        assert names <= found.keys() <= names | engines
        peer = fastest_in_bytes({case: row["milliseconds"] for case, row in found.items()})
        assert found[peer]["ratio_to_peer"] == 1
        for row in found.values():
            assert row["images_a_second"] == pytest.approx(2e3 / row["milliseconds"])
            assert row["ratio_to_peer"] == pytest.approx(found[peer]["milliseconds"] / row["milliseconds"])
    assert "onnxruntime" in result["tools"]
    assert len(networks_table(result).rows) == len(rows)


def test_impossible_settings_are_refused(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments, message in (
        (["--network", "lenet"], "network is 'lenet'; allowed are digits"),
        (["--batch", "0"], "batch is 0; allowed are 1 and more"),
        (["--threads", "0"], "threads is 0; allowed are 1 and more"),
        (["--rounds", "0"], "rounds is 0"),
        (["--seed", "-1"], "seed is -1"),
    ):
        assert_refused(command("bench", "network", *arguments), message, tmp_path)
    monkeypatch.setitem(sys.modules, "openvino", None)
    finished = command("bench", "network", "--network", "digits", "--batch", "1", "--threads", "1", "--rounds", "1")
    assert_refused(finished, "openvino is not installed; pip install 'wrapmac[bench]'", tmp_path)
